/**
 * Verification: every workload within the bounds, under every schedule. A clean result is a proof for these bounds and
 * no others, so they are part of it; the witnesses say which dangerous situations were reached on the way.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { checkSymmetry } from '../explore/symmetry.ts'
import { WITNESSES, type WitnessKind } from '../machine/facts.ts'
import { follow } from '../plan/plan.ts'
import { tellBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import type { Workload } from '../scenario/workload.ts'
import { VerifyPlan, type VerifyPlanOptions } from './plan.ts'
import { Verified } from './verified.ts'

export interface VerifyOptions extends VerifyPlanOptions {
  readonly stop?: () => boolean
  readonly onProgress?: (progress: VerifyProgress) => void
  /** What was searched before, to go on from. */
  readonly before?: Verified | undefined
  /** Told after every workload that was searched to its end without a race. */
  readonly onUnit?: ((verified: Verified) => void) | undefined
}

export interface VerifyProgress {
  readonly workloads: number
  /** Workloads in all; undefined where there are too many to be counted beforehand. */
  readonly of: number | undefined
  readonly states: number
}

export interface Verification {
  readonly verdict: 'safe' | 'race' | 'incomplete'
  readonly bounds: Bounds
  readonly operations: number
  /** Workloads that were searched; the one with the race is one of them. */
  readonly workloads: number
  /** Workloads in all; undefined where there are too many to be counted. */
  readonly of: number | undefined
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly seconds: number
  readonly witnesses: readonly WitnessKind[]
  /** The smallest race of the first workload that has one. */
  readonly race: Race | undefined
  /** The workload that memory did not suffice for, if it was that that ended the search. */
  readonly full: Workload | undefined
}

export function verify(options: VerifyOptions): Verification {
  const { policy, bounds, operations, stop, onProgress, onUnit } = options
  const begun = performance.now()
  checkSymmetry(policy, bounds)
  const plan = new VerifyPlan(options)
  plan.workloads.listAhead(stop)
  const verified = options.before ?? new Verified()
  let race: Race | undefined
  let full: Workload | undefined
  const ending = follow(plan, {
    from: verified.units,
    stop: () => stop?.() === true,
    take(unit, number) {
      verified.add(unit)
      if (unit.violation !== undefined) race = plan.race(number, unit.violation)
      if (unit.full) full = plan.workloads.at(number)
      onProgress?.({ workloads: verified.units, of: plan.workloads.count, states: verified.states })
      if (unit.whole && race === undefined) onUnit?.(verified)
      return race !== undefined
    },
  })
  return {
    verdict: race !== undefined ? 'race' : ending === 'done' ? 'safe' : 'incomplete',
    bounds,
    operations,
    workloads: verified.units,
    of: plan.workloads.count,
    states: verified.states,
    transitions: verified.transitions,
    depth: verified.depth,
    seconds: (performance.now() - begun) / 1000,
    witnesses: (Object.keys(WITNESSES) as WitnessKind[]).filter((kind) => verified.witnesses.has(kind)),
    race,
    full,
  }
}

/** One sentence: what was verified, or not, within which bounds. */
export function tellVerification(policy: AnyPolicy, v: Verification): string {
  const counted = `${v.workloads.toLocaleString('en')} workloads, ${v.states.toLocaleString('en')} states, ${v.transitions.toLocaleString('en')} transitions, depth ${v.depth}`
  const within = `up to ${v.operations} operations, ${tellBounds(v.bounds)}`
  if (v.verdict === 'safe') return `${policy.name}: verified within bounds (${within}): ${counted}`
  if (v.verdict === 'race')
    return `${policy.name}: broken (${v.race!.violation.invariant}), found within ${within}: ${counted}`
  return `${policy.name}: not verified, given up within ${within} after ${counted}`
}
