/**
 * Verification: every workload within the bounds, under every schedule. A clean result is a proof for these bounds and
 * no others, so they are part of it; the witnesses say which dangerous situations were reached on the way.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { explore } from '../explore/exhaustive.ts'
import { checkSymmetry } from '../explore/symmetry.ts'
import type { Violation } from '../engine/system.ts'
import { WITNESSES, type WitnessKind } from '../machine/facts.ts'
import { cpusAlike, tellBounds, type Bounds } from '../scenario/bounds.ts'
import { ReducedWorld, reduced } from '../reduce/index.ts'
import type { Race } from '../scenario/race.ts'
import { eachBoundedWorkload, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { shortest } from '../shrink/shortest.ts'

export interface VerifyOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  /** Guest operations of a workload, at most; the policy's own come in addition, each at most once. */
  readonly operations: number
  /** States of one workload, at most. */
  readonly maxStates?: number
  /** False: schedules that differ in nothing that anybody can notice are all searched. Default true. */
  readonly reduces?: boolean
  readonly stop?: () => boolean
  readonly onProgress?: (progress: VerifyProgress) => void
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
  readonly workloads: number
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
}

/** Workloads that are listed before the first is searched, so that progress can say how many there are. */
const COUNTED_AHEAD = 10_000
/** ... and between two questions whether to stop. */
const COUNTED_UNASKED = 500

function* inTurn<T>(first: Iterable<T>, then: Iterable<T>): Generator<T, void> {
  yield* first
  yield* then
}

export function verify(options: VerifyOptions): Verification {
  const { policy, bounds, operations, stop, onProgress } = options
  const begun = performance.now()
  checkSymmetry(policy, bounds)
  const alike = cpusAlike(policy, bounds)
  const upcoming = eachBoundedWorkload(policy, bounds.vcpus, operations, bounds.groups, alike)
  const ahead: Workload[] = []
  let of: number | undefined
  while (of === undefined && ahead.length < COUNTED_AHEAD) {
    if (ahead.length % COUNTED_UNASKED === COUNTED_UNASKED - 1 && stop?.() === true) break
    const { value, done } = upcoming.next()
    if (done === true) of = ahead.length
    else ahead.push(value)
  }
  const worlds = new Worlds(policy, bounds)
  let states = 0
  let transitions = 0
  let depth = 0
  let done = 0
  let fewer = 0
  let race: Race | undefined
  let complete = true
  for (const workload of inTurn(ahead, upcoming)) {
    if (stop?.() === true) complete = false
    if (!complete || race !== undefined) break
    const world = worlds.at(workload)
    const system = options.reduces === false ? world : reduced(world)
    const result = explore(system, {
      ...(options.maxStates && { maxStates: options.maxStates }),
      ...(stop && { stop }),
    })
    states += result.states
    transitions += result.transitions
    depth = Math.max(depth, result.depth)
    complete = result.complete
    done++
    if (system instanceof ReducedWorld && system.reduces) fewer++
    if (result.violation !== undefined) race = raceOf(policy, bounds, workload, worlds, result.violation)
    onProgress?.({ workloads: done, of, states })
  }
  return {
    verdict: race !== undefined ? 'race' : complete ? 'safe' : 'incomplete',
    bounds,
    operations,
    workloads: done,
    states,
    transitions,
    depth,
    reduced: fewer,
    seconds: (performance.now() - begun) / 1000,
    witnesses: (Object.keys(WITNESSES) as WitnessKind[]).filter((kind) => worlds.witnessed().has(kind)),
    race,
  }
}

function raceOf(
  policy: AnyPolicy,
  bounds: Bounds,
  workload: Workload,
  worlds: Worlds,
  violation: Violation,
): Race {
  const { found } = shortest(worlds.at(workload), { invariant: violation.invariant })
  return {
    policy,
    bounds,
    workload,
    schedule: found?.schedule ?? new Int32Array(0),
    violation: found?.violation ?? violation,
  }
}

/** One sentence: what was verified, or not, within which bounds. */
export function tellVerification(policy: AnyPolicy, v: Verification): string {
  const counted = `${v.workloads.toLocaleString('en')} workloads, ${v.states.toLocaleString('en')} states, ${v.transitions.toLocaleString('en')} transitions, depth ${v.depth}${v.reduced === 0 ? '' : ', reduced by scheduling symmetry'}`
  const within = `up to ${v.operations} operations, ${tellBounds(v.bounds)}`
  if (v.verdict === 'safe') return `${policy.name}: verified within bounds (${within}): ${counted}`
  if (v.verdict === 'race')
    return `${policy.name}: broken (${v.race!.violation.invariant}), found within ${within}: ${counted}`
  return `${policy.name}: not verified, given up within ${within} after ${counted}`
}
