/**
 * Everything that the package has to say of one policy: a hunt, a verification within bounds, a replay of its corpus,
 * and whether all that agrees with what is claimed of it. Needs no test runner.
 */
import { expectedOutcome, replayCase, type Replayed } from '../corpus/replay.ts'
import { readCorpus, type Kept } from '../corpus/store.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { hunt, type HuntOptions, type Hunted } from '../hunt/hunt.ts'
import { liveness, livenessBounds, tellLiveness, type Liveness } from '../liveness/liveness.ts'
import { wrapped } from '../report/screen.ts'
import { boundsFor } from '../scenario/bounds.ts'
import { shrink } from '../shrink/shrink.ts'
import { tellVerification, verify, type Verification } from '../verify/verify.ts'
import { VERSION } from '../version.ts'
import { tellAll, tellFound, type Keeping } from './tell-found.ts'

export interface CheckOptions extends Pick<HuntOptions, 'runs' | 'seed' | 'strategy' | 'bounds'> {
  /** Operations of a workload: at most so many in the hunt (default 4), and in the verification (default 2). */
  readonly operations?: { readonly hunt?: number; readonly verify?: number }
  /** Folder that races are kept in and replayed from. Default `corpus`. */
  readonly corpus?: string
  /** What to add to the commands of a failure, so that they find the policy: `--policy-file src/mine.ts`. */
  readonly policyFile?: string
}

export const CHECK_DEFAULTS = { huntOperations: 4, verifyOperations: 2, corpus: 'corpus' } as const

/** What came of one part of a check. */
export interface Finding {
  readonly passed: boolean
  /** For people: the lanes of a race, or the sentence of a verification. */
  readonly message: string
}

/** How a race was found that no random run met. */
const ENUMERATED = { seed: 0, strategy: 'enumeration', run: 0, version: VERSION }

const keepingOf = ({ corpus = CHECK_DEFAULTS.corpus, policyFile }: CheckOptions): Keeping => ({
  corpus,
  policyFile,
})

/** Hunts for races of a policy: they fail it, unless it is stated to be broken, when their absence does. */
export function checkByHunting(
  policy: AnyPolicy,
  options: CheckOptions = {},
): Finding & { readonly hunted: Hunted } {
  const { operations, corpus: _corpus, policyFile: _file, ...rest } = options
  const broken = policy.expected === 'broken'
  // What is stated is not news: that there is a race is all that is asked. Its smallest form is in the corpus. Where
  // there is none, the verification that goes with a check enumerates more than a hunt would.
  const hunted = hunt(policy, {
    ...rest,
    enumerates: broken,
    estimates: false,
    operations: operations?.hunt ?? CHECK_DEFAULTS.huntOperations,
    shrinks: !broken,
  })
  if (hunted.found.length === 0) {
    const clean = `${policy.name}: no race in ${hunted.runs.toLocaleString('en')} random runs`
    return { hunted, passed: !broken, message: broken ? `${clean}, though it is stated to be broken` : clean }
  }
  if (broken) {
    const met = hunted.found.map(({ race, run }) => `${race.violation.invariant} in run ${run}`)
    return { hunted, passed: true, message: `${policy.name}: broken as stated, met ${met.join(', ')}` }
  }
  const failing = hunted.found.map((each) => ({
    ...each,
    found: { seed: hunted.seed, strategy: each.foundBy, run: each.run, version: VERSION },
  }))
  return { hunted, passed: false, message: tellAll(failing, keepingOf(options)) }
}

/** Verifies a policy within bounds, and says which. A race that was not to be expected is made small and kept. */
export function checkByVerifying(
  policy: AnyPolicy,
  options: CheckOptions = {},
): Finding & { readonly verification: Verification } {
  const operations = options.operations?.verify ?? CHECK_DEFAULTS.verifyOperations
  const verification = verify({ policy, bounds: boundsFor(policy, options.bounds), operations })
  const { race, verdict } = verification
  const passed = verdict === (policy.expected === 'broken' ? 'race' : 'safe')
  const sentence = tellVerification(policy, verification)
  if (passed) return { verification, passed, message: sentence }
  if (race === undefined)
    return { verification, passed, message: `${sentence}, though it is stated to be broken` }
  const story = tellFound({ ...shrink(race), found: ENUMERATED }, keepingOf(options))
  return { verification, passed, message: `${wrapped(sentence)}\n\n${story}` }
}

/**
 * Searches a policy for fair runs that never end, within bounds; one that was found is kept. So that every check can
 * afford it, the host preempts nobody unless the policy or the caller says so.
 */
export function checkLiveness(
  policy: AnyPolicy,
  options: CheckOptions = {},
): Finding & { readonly liveness: Liveness } {
  const operations = options.operations?.verify ?? CHECK_DEFAULTS.verifyOperations
  const calm = { preemptions: policy.machine?.preemptions ?? 0 }
  const bounds = livenessBounds(policy, { ...calm, ...options.bounds })
  const found = liveness({ policy, bounds, operations })
  const { race, certificate } = found
  const passed = found.verdict === 'live'
  const sentence = tellLiveness(policy, found)
  if (race === undefined) return { liveness: found, passed, message: sentence }
  const story = tellFound({ race, certificate, found: ENUMERATED }, keepingOf(options))
  return { liveness: found, passed, message: `${wrapped(sentence)}\n\n${story}` }
}

/** The cases of a policy in a corpus, and the files of the corpus that could not be read. */
export function casesOf(
  policy: AnyPolicy,
  folder: string = CHECK_DEFAULTS.corpus,
): { cases: Kept[]; problems: string[] } {
  const { cases, problems } = readCorpus(folder)
  return {
    cases: cases.filter(({ case: kept }) => kept.policy === policy.name),
    problems: problems.map(({ error }) => error.message),
  }
}

/** Replays one case of a policy: one that is still reproduced fails it, unless that is what is expected. */
export function checkCase(
  policy: AnyPolicy,
  { file, case: kept }: Kept,
): Finding & { readonly replayed: Replayed } {
  const replayed = replayCase(kept, policy)
  const expected = expectedOutcome(kept, policy)
  const message = `${file}: ${replayed.outcome}, expected ${expected}: ${replayed.reason}`
  return { replayed, passed: replayed.outcome === expected, message }
}
