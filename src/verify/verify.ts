/**
 * Verification: every workload within the bounds, under every schedule. A clean result is a proof for these bounds and
 * no others, so they are part of it; the witnesses say which dangerous situations were reached on the way.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import type { Violation } from '../engine/system.ts'
import { checkSymmetry } from '../explore/symmetry.ts'
import { WITNESSES, type WitnessKind } from '../machine/facts.ts'
import type { Following } from '../plan/plan.ts'
import { workAlone, type Working } from '../plan/work.ts'
import { tellBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { operationCount, type Workload } from '../scenario/workload.ts'
import { VerifyPlan, type ExploredUnit, type VerifyPlanOptions } from './plan.ts'
import { Verified } from './verified.ts'

export interface VerifyOptions extends VerifyPlanOptions {
  readonly stop?: () => boolean
  readonly onProgress?: (progress: VerifyProgress) => void
  /** What was searched before, to go on from. */
  readonly before?: Verified | undefined
  /** Told after every workload that was searched to its end and did not end the search. */
  readonly onUnit?: (() => void) | undefined
  /** Told of every race that is the first of its invariant. With `everyInvariant`, the search goes on behind them. */
  readonly onMet?: ((race: Race) => void) | undefined
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
  /** Steps of the longest of the shortest schedules to a state; where schedules were left out, without them. */
  readonly depth: number
  /** Workloads whose states were made fewer by scheduling symmetry. */
  readonly reduced: number
  readonly seconds: number
  readonly witnesses: readonly WitnessKind[]
  /** The smallest race of the first workload that has one. */
  readonly race: Race | undefined
  /** The first race of each invariant: that one, and with `everyInvariant` those that were met behind it. */
  readonly races: readonly Race[]
  /** The workload that memory did not suffice for, if it was that that ended the search. */
  readonly full: Workload | undefined
}

export const verify = (options: VerifyOptions): Verification => workAlone(verifying(options))

/** A verification, with its units left to be done by somebody. */
export function* verifying(options: VerifyOptions): Working<Verification> {
  const { policy, bounds, operations, stop, onProgress, onUnit, onMet } = options
  const begun = performance.now()
  checkSymmetry(policy, bounds)
  const plan = new VerifyPlan(options)
  plan.workloads.listAhead(stop)
  const verified = options.before ?? new Verified()
  const races: Race[] = verified.met.map((met) => ({ policy, bounds, ...met }))
  let full: Workload | undefined
  const meet = (unit: number, violation: Violation, found = plan.race(unit, violation.invariant)): void => {
    const race = found ?? {
      policy,
      bounds,
      workload: plan.workloads.at(unit)!,
      schedule: new Int32Array(0),
      violation,
    }
    races.push(race)
    verified.met.push({ workload: race.workload, schedule: race.schedule, violation: race.violation, run: 0 })
    onMet?.(race)
  }
  const following: Following<ExploredUnit> = {
    from: verified.units,
    stop: () => stop?.() === true,
    take(unit, number) {
      verified.add(unit)
      const known = (invariant: string): boolean =>
        races.some(({ violation }) => violation.invariant === invariant)
      if (unit.violation !== undefined && !known(unit.violation.invariant)) meet(number, unit.violation)
      for (const suspect of unit.suspects) {
        const race = known(suspect) ? undefined : plan.race(number, suspect)
        if (race !== undefined) meet(number, race.violation, race)
      }
      if (unit.full) full = plan.workloads.at(number)
      onProgress?.({ workloads: verified.units, of: plan.workloads.count, states: verified.states })
      const enough = races.length > 0 && options.everyInvariant !== true
      if (unit.whole && !enough) onUnit?.()
      return enough
    },
  }
  const ending = yield { plan, following }
  const race = races.at(0)
  return {
    verdict: race !== undefined ? 'race' : ending === 'done' ? 'safe' : 'incomplete',
    bounds,
    operations,
    workloads: verified.units,
    of: plan.workloads.count,
    states: verified.states,
    transitions: verified.transitions,
    depth: verified.depth,
    reduced: verified.reduced,
    seconds: (performance.now() - begun) / 1000,
    witnesses: (Object.keys(WITNESSES) as WitnessKind[]).filter((kind) => verified.witnesses.has(kind)),
    race,
    races,
    full,
  }
}

/** What is added to the number of states where reductions made it smaller. */
export const tellReduction = ({ reduced }: Verification): string =>
  reduced === 0 ? '' : ', reduced by scheduling symmetry'

/** One sentence: what was verified, or not, within which bounds. */
export function tellVerification(policy: AnyPolicy, v: Verification): string {
  const counted = `${v.workloads.toLocaleString('en')} workloads, ${v.states.toLocaleString('en')} states, ${v.transitions.toLocaleString('en')} transitions, depth ${v.depth}${tellReduction(v)}`
  const within = `up to ${v.operations} operations, ${tellBounds(v.bounds)}`
  if (v.verdict === 'safe') return `${policy.name}: verified within bounds (${within}): ${counted}`
  if (v.verdict === 'race')
    return `${policy.name}: broken (${v.race!.violation.invariant}), found within ${within}: ${counted}`
  const given = `${policy.name}: not verified, given up within ${within} after ${counted}`
  return v.full === undefined ? given : `${given}. ${tellFull(v)}`
}

/** What was completed before memory ended, and what to lower. */
export function tellFull({ full, workloads, of }: Verification): string {
  const size = full === undefined ? 0 : operationCount(full)
  const total = of === undefined ? '' : ` of ${of.toLocaleString('en')}`
  const searched =
    size > 1
      ? `every workload of up to ${size - 1} operations was searched, those of the policy counted`
      : 'not even all workloads of one operation were searched'
  return `The states of workload ${(workloads + 1).toLocaleString('en')}${total} take more memory than there is; ${searched}. Lower the number of operations, vCPUs, preemptions or speculative walks, or raise the limit`
}
