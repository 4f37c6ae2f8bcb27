/**
 * What can catch a broken rule: every fact, litmus programs, and policies that exhaustive search finds safe. Each says
 * nothing of a machine that is whole; on a machine where it says something, the rule matters to it.
 */
import { ShootdownError } from '../../src/errors.ts'
import { parseLitmus } from '../../src/litmus/parse.ts'
import { runLitmus, type Verdict } from '../../src/litmus/run.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import type { Fact } from '../facts/fact.ts'
import { groups, ownGroups } from '../facts/index.ts'
import { intel } from '../litmus/texts.ts'
import { quiet } from '../explore/quiet.ts'
import { firstViolation, type Search } from './broken-world.ts'
import type { Breakage } from './breaking.ts'
import type { BrokenRule } from './rules/rule.ts'

export interface Catcher {
  readonly name: string
  /** What is wrong with a machine, or undefined. */
  wrong(breakage?: Breakage): string | undefined
}

const asCatcher = ({ id, title, wrong }: Fact): Catcher => ({ name: `fact ${id}: ${title}`, wrong })

const litmus = (name: string, rows: readonly string[], verdict: Verdict, end: string): Catcher => {
  const test = parseLitmus(name, intel(rows, `exists (${end})`))
  return {
    name: `litmus ${name}`,
    wrong(breakage) {
      const found = runLitmus(test, { breakage }).verdict
      return found === verdict ? undefined : `${found} instead of ${verdict}`
    },
  }
}

const LITMUS = [
  litmus(
    'SB: a load passes a store before it',
    ['P0 | P1', 'MOV [x],$1 | MOV [y],$1', 'MOV EAX,[y] | MOV EAX,[x]'],
    'Allow',
    '0:EAX=0 /\\ 1:EAX=0',
  ),
  litmus(
    'SB+mfences: no load passes MFENCE',
    ['P0 | P1', 'MOV [x],$1 | MOV [y],$1', 'MFENCE | MFENCE', 'MOV EAX,[y] | MOV EAX,[x]'],
    'Forbid',
    '0:EAX=0 /\\ 1:EAX=0',
  ),
  litmus(
    'SB+xchgs: no load passes XCHG',
    ['P0 | P1', 'MOV [x],$1 | MOV [y],$1', 'XCHG [z],EBX | XCHG [w],EBX', 'MOV EAX,[y] | MOV EAX,[x]'],
    'Forbid',
    '0:EAX=0 /\\ 1:EAX=0',
  ),
  litmus(
    'MP: stores to different words do not overtake each other',
    ['P0 | P1', 'MOV [x],$1 | MOV EAX,[y]', 'MOV [y],$1 | MOV EBX,[x]'],
    'Forbid',
    '1:EAX=1 /\\ 1:EBX=0',
  ),
  litmus(
    'CoWR: a load sees the newest store that its own CPU has buffered',
    ['P0', 'MOV [x],$1', 'MOV [x],$2', 'MOV EAX,[x]'],
    'Forbid',
    '0:EAX=0 \\/ 0:EAX=1',
  ),
]

const verdict = (search: Search): Catcher => ({
  name: `${search.policy.name} is safe`,
  wrong(breakage) {
    const violation = firstViolation(search, breakage)
    return violation && `violates ${violation.invariant}: ${violation.explanation}`
  },
})
const VERDICTS = [verdict({ policy: nativeIpi, bounds: quiet({ groups: [[0]], preemptions: 0 }) })]

const facts = [...Object.values(ownGroups), ...Object.values(groups)].flat().map(asCatcher)
/** Facts aside, which have a test of their own. */
export const programs: readonly Catcher[] = [...LITMUS, ...VERDICTS]
const all = [...facts, ...programs]

const wordsIn = (text: string): Set<string> =>
  new Set(
    text
      .toLowerCase()
      .split(/[^a-z0-9_/]+/)
      .map((each) => each.replace(/(?<=..)s$/, '')),
  )
const indexed = all.map((catcher) => ({ catcher, words: wordsIn(catcher.name) }))
/** A word says the more, the fewer names it is in. */
const weightOf = (word: string): number =>
  Math.log(all.length / indexed.filter(({ words }) => words.has(word)).length)

/** All catchers, first those whose names have the most in common with that of a broken rule. */
function bySimilarity(name: string): Catcher[] {
  const own = [...wordsIn(name)].filter((word) => indexed.some(({ words }) => words.has(word)))
  const weights = new Map(own.map((word) => [word, weightOf(word)]))
  const score = (words: ReadonlySet<string>): number =>
    own.reduce((sum, word) => sum + (words.has(word) ? weights.get(word)! : 0), 0)
  return indexed
    .map(({ catcher, words }) => ({ catcher, points: score(words) / Math.sqrt(words.size) }))
    .toSorted((a, b) => b.points - a.points)
    .map(({ catcher }) => catcher)
}

export interface Caught {
  readonly by: string
  readonly because: string
}

/** The first that says something of a machine with a broken rule; those that sound like it are asked first. */
export function caught({ name, breakage }: BrokenRule): Caught | undefined {
  for (const catcher of bySimilarity(name)) {
    const because = complaint(catcher, breakage)
    if (because !== undefined) return { by: catcher.name, because }
  }
  return undefined
}

/** A machine whose rules contradict each other may also be found out by the checks of our own code. */
function complaint(catcher: Catcher, breakage: Breakage): string | undefined {
  try {
    return catcher.wrong(breakage)
  } catch (cause) {
    if (cause instanceof ShootdownError) return cause.message
    throw cause
  }
}
