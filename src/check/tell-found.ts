/**
 * Races that fail a check, as whoever reads a test run meets them: the smallest with its lanes, what matters in each step
 * and which order is the bug, on one screen; the others in a line each. All are kept, and it is said where, and what can
 * be asked of them next.
 */
import { makeCase } from '../corpus/case.ts'
import { keptOf } from '../corpus/explained.ts'
import type { Case } from '../corpus/schema.ts'
import { keep } from '../corpus/store.ts'
import { ShootdownError } from '../errors.ts'
import { explainAndGeneralize, type Explanation } from '../explain/explain.ts'
import { notesOf } from '../explain/tell.ts'
import type { Found } from '../hunt/hunt.ts'
import { raceSize, tellRace } from '../report/race.ts'
import { SCREEN, wrapped } from '../report/screen.ts'
import type { Size } from '../scenario/race.ts'
import type { Shrunk } from '../shrink/shrink.ts'

/** A race, and how it was found. */
export interface Failing extends Shrunk {
  /** Why it has no certificate, if it has none and that is known. */
  readonly unproven?: Found['unproven'] | undefined
  readonly found: Case['found']
}

export interface Keeping {
  readonly corpus: string
  /** The file that exports the policy, if it is known. */
  readonly policyFile: string | undefined
}

/** Keeps races, and tells them: the smallest first. */
export function tellAll(failing: readonly Failing[], keeping: Keeping): string {
  const bySize = failing
    .map((each) => ({ each, size: raceSize(each.race) }))
    .toSorted((a, b) => compareSizes(a.size, b.size))
    .map(({ each }) => each)
  const [first, ...others] = bySize
  return [tellFound(first, keeping), ...tellOthers(others, keeping)].join('\n')
}

/** The story of a race, with where it is kept, and the commands that say more of it. */
export function tellFound(failing: Failing, keeping: Keeping): string {
  const { race, certificate, unproven } = failing
  const explanation = explainAndGeneralize(race)
  // Of a single step there is nothing to explain, and what is wrong with a run that never ends is no step of it.
  const explains = race.schedule.length > 1 && race.cycle === undefined
  const notes = explains ? notesOf(race, { explained: explanation.explained }) : undefined
  const story = wrapped(tellRace(race, certificate, unproven, notes, SCREEN))
  const { file, problem } = keepFound(failing, explanation, keeping)
  if (file === undefined) return `${story}\nNot saved: ${problem}`
  return [story, `Saved as ${file}`, ...tellCommands(file, failing, explains, keeping)].join('\n')
}

/** What can be asked of a case that is kept. */
function tellCommands(
  file: string,
  { race, certificate }: Failing,
  explains: boolean,
  { policyFile }: Keeping,
): string[] {
  const command = (what: string): string => `npx shootdown ${what} --policy-file ${policyFile ?? 'FILE'}`
  return [
    `Replay:  ${command(`replay ${file}`)}`,
    ...(explains ? [`Explain: ${command(`show ${file} --explain --generalize`)}`] : []),
    ...(certificate === undefined ? [`Shrink:  ${command(`corpus minimize ${file}`)}`] : []),
    ...(race.schedule.length > 1 ? [`Repair:  ${command(`repair ${file}`)}`] : []),
    ...(policyFile === undefined ? ['FILE is the file that exports the policy.'] : []),
  ]
}

/** Races of other invariants: one line that says what happens, and where each is kept. */
function tellOthers(others: readonly Failing[], keeping: Keeping): string[] {
  if (others.length === 0) return []
  const told = others.flatMap((each) => {
    const { invariant, explanation } = each.race.violation
    const { file, problem } = keepFound(each, explainAndGeneralize(each.race), keeping)
    const where = file === undefined ? `Not saved: ${problem}` : `Saved as ${file}`
    return [wrapped(`  ${invariant}: ${explanation}.`), `    ${where}`]
  })
  const many =
    others.length === 1 ? 'Another invariant is violated' : `${others.length} other invariants are violated`
  return ['', `${many} as well:`, ...told]
}

/** Writes the case of a race; it is told also where it cannot be kept. */
function keepFound(
  { race, certificate, found }: Failing,
  explanation: Explanation,
  { corpus }: Keeping,
): { file?: string; problem?: string } {
  try {
    const explained = certificate && keptOf(explanation)
    const { file } = keep(corpus, makeCase(race, certificate, found, explained))
    return { file }
  } catch (cause) {
    if (!(cause instanceof ShootdownError)) throw cause
    return { problem: cause.message }
  }
}

function compareSizes(a: Size, b: Size): number {
  const fields = ['operations', 'vcpus', 'switches', 'steps'] as const
  const differing = fields.find((field) => a[field] !== b[field])
  return differing === undefined ? 0 : a[differing] - b[differing]
}
