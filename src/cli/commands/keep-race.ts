/** Keeping what a hunt finds: the race as it was met at once, its smallest form in its place once there is one. */
import type { z } from 'zod'
import { makeCase } from '../../corpus/case.ts'
import { keptOf } from '../../corpus/explained.ts'
import { keep, supersede } from '../../corpus/store.ts'
import type { Case } from '../../corpus/schema.ts'
import { ShootdownError } from '../../errors.ts'
import { explainAndGeneralize } from '../../explain/explain.ts'
import type { Found, Hunted } from '../../hunt/hunt.ts'
import { diagramOf, raceSize, tellRace } from '../../report/race.ts'
import { VERSION } from '../../version.ts'
import type { raceJson } from '../json/index.ts'
import type { Options } from '../options.ts'
import { DEFAULT_CORPUS } from './context.ts'

export interface Reporting {
  /** Ids of the cases that this hunt has kept of races as they were met. */
  readonly fresh: ReadonlySet<string | undefined>
  readonly say: (text: string) => void
  readonly problem: (text: string) => void
}

type Seed = Pick<Hunted, 'seed'>

/** The case of a race as it was met. */
const rawCase = ({ seed }: Seed, { raw, foundBy, run }: Pick<Found, 'raw' | 'foundBy' | 'run'>): Case =>
  makeCase(raw, undefined, { seed, strategy: foundBy, run, version: VERSION })

/**
 * Keeps a race as it was met, so that nothing that happens from here on can lose it; returns the id of its case if that is
 * new. Where it fails, keeping the smallest form will fail as well, and say so.
 */
export function keepRaw(
  options: Options,
  seed: Seed,
  met: Pick<Found, 'raw' | 'foundBy' | 'run'>,
): string | undefined {
  try {
    const kept = rawCase(seed, met)
    return keep(options.corpus ?? DEFAULT_CORPUS, kept).fresh ? kept.id : undefined
  } catch (cause) {
    if (!(cause instanceof ShootdownError)) throw cause
    return undefined
  }
}

/** Writes a race's case in place of the raw one, and reports it; a case that cannot be written is a problem, not the end. */
export function keepRace(
  options: Options,
  hunted: Pick<Hunted, 'seed' | 'runs'>,
  found: Found,
  { fresh, say, problem }: Reporting,
): z.infer<typeof raceJson> {
  const raw = rawCase(hunted, found)
  // A race that may not be minimal has steps that say nothing, and what was lacking may be time.
  const explained = found.certificate && keptOf(explainAndGeneralize(found.race))
  const kept = makeCase(found.race, found.certificate, raw.found, explained)
  const own = options.policyFile === undefined ? '' : ` --policy-file ${options.policyFile}`
  say(`\n${tellRace(found.race, found.certificate, found.unproven)}`)
  say(tellFinding(hunted, found))
  let file: string | null = null
  try {
    const corpus = options.corpus ?? DEFAULT_CORPUS
    const written = keep(corpus, kept)
    if (raw.id !== kept.id) supersede(corpus, raw)
    file = written.file
    say(
      `${written.fresh || fresh.has(kept.id) ? 'Saved as' : written.upgraded === true ? 'Already kept, and now with its proof, as' : 'Already kept as'} ${file}. Replay: npx shootdown replay ${file}${own}`,
    )
  } catch (cause) {
    if (!(cause instanceof ShootdownError)) throw cause
    problem(cause.message)
  }
  const { operations, vcpus, switches, steps } = raceSize(found.race)
  return {
    id: kept.id,
    file,
    invariant: kept.invariant,
    explanation: kept.explanation,
    minimality: kept.minimality,
    scope: found.certificate?.scope ?? null,
    operations,
    vcpus,
    switches,
    steps,
    diagram: diagramOf(found.race),
    certificate:
      found.certificate === undefined
        ? null
        : { workloads: found.certificate.workloads, states: found.certificate.states },
    unproven: found.unproven ?? null,
    foundBy: found.foundBy,
    run: found.run,
  }
}

function tellFinding({ seed, runs }: Pick<Hunted, 'seed' | 'runs'>, { foundBy, run, raw }: Found): string {
  if (foundBy !== 'enumeration')
    return `Found by ${foundBy} run ${run.toLocaleString('en')} of seed ${seed}, ${raw.schedule.length} steps long then.`
  return runs === 0
    ? 'Found by enumeration, smallest workloads first.'
    : `Found by enumeration of small workloads, after ${runs.toLocaleString('en')} random runs without a race.`
}
