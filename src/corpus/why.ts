/** Why a case is kept: what it shows, where it comes from, what is proven of it, and what has become of it. */
import { ShootdownError } from '../errors.ts'
import { explainAndGeneralize } from '../explain/explain.ts'
import { isEstablished, type NotEstablished } from '../explain/limits.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { tellMinimality, tellWorkload } from '../report/race.ts'
import type { Workload } from '../scenario/workload.ts'
import { keptOf } from './explained.ts'
import { policyOfCase } from './policy-of.ts'
import { raceOfCase } from './race.ts'
import { expectedOutcome, replayCase, type Replayed } from './replay.ts'
import type { Case } from './schema.ts'
import type { Kept } from './store.ts'

export interface Why {
  /** In this order: what it shows, how it was found, what is proven, which order is the bug, what replaying says, what cures it. */
  readonly sentences: readonly string[]
  readonly replayed: Replayed['outcome']
  readonly expected: 'reproduced' | 'fixed'
  /** The policy that is said to cure it, and what the case ends in there; undefined if that could not be tried. */
  readonly cure: { readonly policy: string; readonly outcome: Replayed['outcome'] | undefined } | undefined
}

/**
 * Says why a case is kept. It costs a replay or two; and an explanation, for a case that does not keep its own.
 * @throws ShootdownError if its policy is not among these, or cannot run its workload
 */
export function why({ file, case: kept }: Kept, policies: readonly AnyPolicy[]): Why {
  const policy = policyOfCase(kept, policies)
  const { outcome, step, reason } = replayCase(kept, policy)
  const expected = expectedOutcome(kept, policy)
  const at = outcome === 'fixed' ? '' : ` at step ${step}`
  const surprise = outcome === expected ? '' : `, where ${expected} was expected`
  const cure = cureOf(kept, policy, policies)
  return {
    sentences: [
      `It shows how policy "${kept.policy}" violates ${kept.invariant}: ${kept.explanation}. The workload: ${tellWorkload(kept.workload as Workload)}.`,
      tellFinding(kept),
      tellProof(kept),
      tellOrder(kept, explainedOf(file, kept, policy)),
      `Replayed today, it is ${outcome}${at}${surprise}: ${reason}.`,
      cure.sentence,
    ],
    replayed: outcome,
    expected,
    cure: cure.of,
  }
}

function tellFinding({ found }: Case): string {
  if (found === undefined) return 'How it was found is not kept.'
  const { seed, strategy, run, version } = found
  return run === 0
    ? `It was found by enumeration, in version ${version}.`
    : `It was found by run ${run.toLocaleString('en')} of seed ${seed}, strategy ${strategy}, in version ${version}.`
}

const WHAT_A_PROOF_MEANS = {
  'all-workloads': 'Nothing smaller breaks this invariant there, whatever the workload.',
  'sub-workloads':
    'Nothing smaller is left of this workload; another workload might break the invariant in fewer steps.',
  none: '`shootdown corpus minimize` tries once more to find a smaller one, or to prove that there is none.',
} as const

const tellProof = ({ size, certificate, bounds }: Case): string =>
  `${tellMinimality(size, certificate, bounds)} ${WHAT_A_PROOF_MEANS[certificate?.scope ?? 'none']}`

/** What the case keeps of its explanation, or would keep; why that is not established, if it is not. */
function explainedOf(
  file: string,
  kept: Case,
  policy: AnyPolicy,
): NonNullable<Case['explained']> | NotEstablished {
  if (kept.explained !== undefined) return kept.explained
  if (kept.minimality === 'local') return { notEstablished: 'it may have steps that say nothing' }
  try {
    const explanation = explainAndGeneralize(raceOfCase(file, kept, policy))
    const { explained, generalized } = explanation
    const missing = [explained.marks, explained.edges, generalized].find((part) => !isEstablished(part))
    return keptOf(explanation) ?? (missing as NotEstablished)
  } catch (thrown) {
    // What replaying says is all that there is to say.
    if (thrown instanceof ShootdownError) return { notEstablished: 'it is no race any more' }
    throw thrown
  }
}

function tellOrder({ schedule }: Case, explained: ReturnType<typeof explainedOf>): string {
  if (!isEstablished(explained))
    return `Which order of its steps is the bug is not established: ${explained.notEstablished}.`
  const { edges, orders } = explained
  const step = (number: number): string => {
    const entry = schedule.at(number - 1)
    return entry === undefined ? `${number}` : `${number} (${entry.do}: ${entry.step})`
  }
  const counted = `${orders.failing} of the ${orders.all} orders of its steps fail.`
  if (edges.length === 0) return `No two of its steps can be done the other way round; ${counted}`
  const pairs = edges.map(({ before, after }) => `${step(before)} before ${step(after)}`)
  return `The bug is this order: ${pairs.join('; ')}. ${counted}`
}

/** Whether the policy that is said to cure a case does. */
function cureOf(
  kept: Case,
  { fixedBy }: AnyPolicy,
  policies: readonly AnyPolicy[],
): { sentence: string; of: Why['cure'] } {
  if (fixedBy === undefined) return { sentence: 'No policy is named that cures it.', of: undefined }
  const said = `Policy "${fixedBy}" is said to cure it`
  try {
    const { outcome, reason } = replayCase(kept, policyOfCase({ policy: fixedBy }, policies))
    const does = outcome === 'fixed' ? 'and does' : `but does not: it is ${outcome} there`
    return { sentence: `${said}, ${does}: ${reason}.`, of: { policy: fixedBy, outcome } }
  } catch (thrown) {
    if (!(thrown instanceof ShootdownError)) throw thrown
    return {
      sentence: `${said}; that could not be tried: ${thrown.message}`,
      of: { policy: fixedBy, outcome: undefined },
    }
  }
}
