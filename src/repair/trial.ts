/**
 * The trial of a candidate, by the oracles that found the race: every workload that broke an earlier candidate first,
 * the race's own before all, then the whole bounded space, for what it violates and for runs that never end. What passes
 * must still do its work, and must still go through the dangerous situations of the race: a repair that keeps out of them
 * proves nothing.
 */
import { ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { explore } from '../explore/exhaustive.ts'
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import { findLivelock, type LivenessResult } from '../liveness/livelock.ts'
import { WITNESSES, type WitnessKind } from '../machine/facts.ts'
import type { Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import type { Workload } from '../scenario/workload.ts'
import { tellWorkload } from '../report/race.ts'
import { Worlds } from '../scenario/worlds.ts'
import { verify } from '../verify/verify.ts'
import { calmRuns } from './calm.ts'
import { endlessRun, type Live } from './endless.ts'

/** What a trial comes to. `not established`: the space or the time was too large, and nothing is claimed. */
export interface Judgement {
  readonly verdict: 'cures' | 'races' | 'deadlocks' | 'livelocks' | 'hides' | 'fails' | 'not established'
  /** One sentence: the invariant that breaks, what is not reached any more, what is too large. */
  readonly why: string
  /** Workloads and states of the whole space, for one that cures. */
  readonly workloads: number
  readonly states: number
  /** For one that cures: how far it is known that every fair run comes to its end. */
  readonly live?: Live
}

export interface TrialOptions {
  readonly bounds: Bounds
  readonly operations: number
  /** States of one workload, at most. */
  readonly maxStates: number
  /** States of all graphs that one candidate is searched for endless runs in, at most. */
  readonly maxLiveStates: number
  readonly stop: (() => boolean) | undefined
}

export class Trial {
  /** The race's workload and those that broke some candidate: they are asked first. */
  private readonly hard: Workload[]
  /** The race's workload, and those in which some candidate went round for ever. */
  private readonly endless: Workload[]
  private readonly race: Race
  private readonly options: TrialOptions
  private readonly outcome: string
  private readonly danger: ReadonlySet<WitnessKind>
  /** States that were looked at to reject candidates. */
  states = 0

  constructor(race: Race, options: TrialOptions) {
    this.race = race
    this.options = options
    this.hard = [race.workload]
    this.endless = [race.workload]
    this.outcome = calmRuns(race.policy, options.bounds).outcome
    this.danger = dangerOf(race)
  }

  /** Judges a candidate. */
  judge(policy: AnyPolicy): Judgement {
    try {
      return this.rejected(policy) ?? this.wholeSpace(policy)
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      return judged(cause.code === 'tooManyStates' ? 'not established' : 'fails', cause.message)
    }
  }

  /** What can be said without the whole space: the quick oracles, from the cheapest to the dearest. */
  private rejected(policy: AnyPolicy): Judgement | undefined {
    const { bounds, maxStates, stop } = this.options
    const own = new Worlds(policy, this.race.bounds)
    const all = new Worlds(policy, bounds)
    for (const workload of this.hard) {
      const world = (workload === this.race.workload ? own : all).at(workload)
      const { violation, complete, states } = explore(world, { maxStates, ...(stop && { stop }) })
      this.states += states
      if (violation !== undefined) {
        askFirst(this.hard, workload)
        return broken(violation.invariant, violation.explanation)
      }
      if (!complete) return judged('not established', 'time ended')
    }
    for (const workload of this.endless) {
      const world = (workload === this.race.workload ? own : all).at(workload)
      const { verdict, lasso } = findLivelock(world, { maxStates, ...(stop && { stop }) })
      if (lasso !== undefined) {
        askFirst(this.endless, workload)
        return neverEnds(verdict, lasso.violation.explanation)
      }
      if (verdict === 'not established') return judged('not established', 'livelocks: the graph is too large')
    }
    const reached = own.witnessed()
    const missing = [...this.danger].filter((kind) => !reached.has(kind))
    if (missing.length > 0)
      return judged('hides', `not reached any more: ${missing.map((kind) => WITNESSES[kind]).join('; ')}`)
    const { outcome } = calmRuns(policy, bounds)
    if (outcome !== this.outcome)
      return judged('hides', 'an operation alone leaves other frames in use than it did')
    return undefined
  }

  private wholeSpace(policy: AnyPolicy): Judgement {
    const { bounds, operations, maxStates, maxLiveStates, stop } = this.options
    const found = verify({ policy, bounds, operations, maxStates, ...(stop && { stop }) })
    if (found.race !== undefined) {
      askFirst(this.hard, found.race.workload)
      const { invariant, explanation } = found.race.violation
      this.states += found.states
      return broken(invariant, explanation)
    }
    if (found.verdict !== 'safe') return judged('not established', 'the whole space was not searched in time')
    const live = endlessRun(policy, { bounds, operations, maxStates: maxLiveStates, stop })
    if ('verdict' in live) {
      askFirst(this.endless, live.workload)
      this.states += found.states
      return neverEnds(live.verdict, `${tellWorkload(live.workload)}: ${live.explanation}`)
    }
    return { ...judged('cures', ''), workloads: found.workloads, states: found.states, live }
  }
}

/** What broke this candidate is likely to break the next one, which differs in little. */
function askFirst(workloads: Workload[], workload: Workload): void {
  const at = workloads.indexOf(workload)
  if (at >= 0) workloads.splice(at, 1)
  workloads.unshift(workload)
}

const judged = (verdict: Judgement['verdict'], why: string): Judgement => ({
  verdict,
  why,
  workloads: 0,
  states: 0,
})

const neverEnds = (verdict: LivenessResult['verdict'], explanation: string): Judgement =>
  judged(verdict === 'deadlock' ? 'deadlocks' : 'livelocks', explanation)

const broken = (invariant: string, explanation: string): Judgement =>
  judged(invariant === FLUSH_COMPLETES.name ? 'deadlocks' : 'races', `${invariant}: ${explanation}`)

/** The dangerous situations that a race goes through before its last step. */
function dangerOf({ policy, bounds, workload, schedule }: Race): ReadonlySet<WitnessKind> {
  const worlds = new Worlds(policy, bounds)
  const world = worlds.at(workload)
  worlds.forgetWitnesses()
  for (const transition of schedule.subarray(0, -1)) world.apply(transition)
  return worlds.witnessed()
}
