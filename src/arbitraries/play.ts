/**
 * Plays a scenario: preemption points, hardware events and returning vCPUs first, as soon as they are due and can be;
 * then the turns of the schedule; then the first who can go on. Every scenario runs to its end, whatever it leaves
 * out. Two of a kind never differ: nothing is drawn here.
 */
import { fail } from '../errors.ts'
import { MAX_ENABLED, type Violation } from '../engine/system.ts'
import { makeBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import * as T from '../scenario/transition.ts'
import { checkWorkload } from '../scenario/workload.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'
import { nextOf, ofKind, picked } from './choices.ts'
import type { HardwareEvent } from './hardware.ts'
import type { PreemptionPoint } from './preemptions.ts'
import type { Scenario } from './scenarios.ts'
import type { AnyPolicy } from './workloads.ts'

/** A run longer than this is given up, as an explorer gives it up: vCPUs that only make way for each other go on for ever. */
const MAX_STEPS = 4096

/** After the schedule has ended: transitions of one actor in a row after which another one is let in, if it polls. */
const PATIENCE = 256

export interface Played {
  /** What the run violated, or undefined. */
  readonly violation: Violation | undefined
  /** Transitions taken. */
  readonly steps: number
  /** What was violated, as everything else in the package takes it: `shrink`, `makeCase`, `tellRace`. */
  readonly race: Race | undefined
}

const worlds = new WeakMap<AnyPolicy, Map<string, Worlds>>()

/** The worlds of a policy within bounds, which are dear to build and are kept as long as the policy is. */
function worldsOf(policy: AnyPolicy, bounds: Partial<Bounds>): Worlds {
  const known = worlds.get(policy) ?? new Map<string, Worlds>()
  if (known.size === 0) worlds.set(policy, known)
  const key = JSON.stringify(bounds)
  const found = known.get(key) ?? new Worlds(policy, makeBounds(bounds))
  known.set(key, found)
  return found
}

/**
 * Plays a scenario to its end, or to the first violation. The same scenario gives the same outcome, always.
 * @throws ShootdownError if a bound is out of its range, or the workload is not one for this policy and these bounds
 */
export function runScenario(policy: AnyPolicy, bounds: Partial<Bounds>, scenario: Scenario): Played {
  const known = worldsOf(policy, bounds)
  const { vcpus, groups } = known.bounds
  const { workload } = scenario
  checkWorkload('scenario', workload, policy, groups)
  if (workload.length > vcpus) throw fail.badWorkload('scenario', `its workload is for ${workload.length} CPUs, but there are ${vcpus} vCPUs`)
  const { schedule, violation } = new Player(known.at(workload), known.bounds, scenario).play()
  const race = violation && { policy, bounds: known.bounds, workload, schedule: Int32Array.from(schedule), violation }
  return { violation, steps: schedule.length, race }
}

class Player {
  private readonly world: World
  private readonly bounds: Bounds
  private readonly scenario: Scenario
  private readonly buffer = new Int32Array(MAX_ENABLED)
  private readonly schedule: number[] = []
  /** What may happen now: progress, and what the environment may do. */
  private progress: number[] = []
  private environment: number[] = []
  private points: readonly PreemptionPoint[]
  private events: readonly HardwareEvent[]
  private decision = 0
  private turn = 0
  private taken = 0
  private lastActor = -1
  private inARow = 0
  /** By vCPU: when it may come back, or -1 while it is on a pCPU. */
  private readonly due: number[]
  /** By vCPU: when it came or went. */
  private readonly since: number[]

  constructor(world: World, bounds: Bounds, scenario: Scenario) {
    this.world = world
    this.bounds = bounds
    this.scenario = scenario
    this.points = scenario.preemptions
    this.events = scenario.hardware
    this.due = Array.from({ length: bounds.vcpus }, (_, v) => (v < bounds.pcpus ? -1 : 0))
    this.since = this.due.map((_, v) => v - bounds.vcpus)
  }

  play(): { schedule: readonly number[]; violation: Violation | undefined } {
    const { world, schedule, buffer } = this
    while (world.violation === undefined && schedule.length < MAX_STEPS) {
      const count = world.enabled(buffer)
      if (world.progress === 0) return { schedule, violation: world.final() ? undefined : world.deadlock() }
      this.progress = [...buffer.subarray(0, world.progress)]
      this.environment = [...buffer.subarray(world.progress, count)]
      const chosen = this.preemption() ?? this.hardware() ?? this.placement() ?? this.turnTaken() ?? this.goOn()
      schedule.push(chosen)
      this.note(chosen)
      world.apply(chosen)
    }
    return { schedule, violation: world.violation }
  }

  /** Number of transitions taken. */
  private get now(): number {
    return this.schedule.length
  }

  /** Keeps account of who is on a pCPU. */
  private note(t: number): void {
    const kind = T.kindOf(t)
    const v = T.whoOf(t)
    if (kind === T.SCHEDULE) this.due[v] = -1
    else if (kind === T.DESCHEDULE || kind === T.PREEMPT) this.due[v] = Math.max(this.due[v], this.now)
    else return
    this.since[v] = this.now
  }

  private preemption(): number | undefined {
    for (const point of this.points) {
      if (point.step > this.now) return undefined
      const { cpu } = point
      if (this.due[cpu] >= 0) {
        this.due[cpu] = Math.max(this.due[cpu], this.now + point.for)
        this.points = this.points.filter((each) => each !== point)
        continue
      }
      const away = ofKind(this.progress, T.DESCHEDULE, cpu)[0] ?? ofKind(this.environment, T.PREEMPT, cpu)[0]
      if (away === undefined) continue
      this.due[cpu] = this.now + 1 + point.for
      this.points = this.points.filter((each) => each !== point)
      return away
    }
    return undefined
  }

  private hardware(): number | undefined {
    for (const event of this.events) {
      if (event.step > this.now) return undefined
      const { cpu, does, pick } = event
      const { environment } = this
      const chosen =
        does === 'evict'
          ? picked(ofKind(environment, T.EVICT, cpu), pick)
          : (ofKind(environment, T.SPECULATION_STEP, cpu)[0] ?? picked(ofKind(environment, T.SPECULATE, cpu), pick))
      if (chosen === undefined) continue
      this.events = this.events.filter((each) => each !== event)
      return chosen
    }
    return undefined
  }

  /** Puts a vCPU whose time has come on a pCPU. */
  private placement(): number | undefined {
    const possible = ofKind(this.progress, T.SCHEDULE).filter((t) => this.due[T.whoOf(t)] <= this.now)
    if (possible.length < 2) return possible[0]
    const decision = this.scenario.host[this.decision++]
    if (decision === undefined) return this.longest(possible)
    const own = possible.filter((t) => T.whoOf(t) === decision.cpu)
    const there = (own.length > 0 ? own : possible).filter((t) => T.detailOf(t) === decision.pcpu)
    return this.longest(there) ?? this.longest(own) ?? this.longest(possible)
  }

  /** The one whose vCPU has been where it is for longest, so that nobody is left out for ever. */
  private longest(transitions: readonly number[]): number | undefined {
    return transitions.toSorted((a, b) => this.since[T.whoOf(a)] - this.since[T.whoOf(b)])[0]
  }

  private turnTaken(): number | undefined {
    const { schedule } = this.scenario
    for (; this.turn < schedule.length; this.turn++, this.taken = 0) {
      const turn = schedule[this.turn]
      if (this.taken >= turn.steps) continue
      const chosen = nextOf(this.progress, turn, this.taken) ?? this.wayFor(turn.who)
      if (chosen === undefined) continue
      this.taken++
      return chosen
    }
    return undefined
  }

  /** A vCPU that waits for a pCPU gets its turn when one that cannot go on makes way for it. */
  private wayFor(who: number | 'rcu'): number | undefined {
    const { pcpus, migration } = this.bounds
    if (who === 'rcu' || this.due[who] < 0 || this.due[who] > this.now) return undefined
    const near = (t: number): boolean => migration || T.whoOf(t) % pcpus === who % pcpus
    return this.longest(ofKind(this.progress, T.DESCHEDULE).filter(near))
  }

  /** What happens when nothing is said: the first who can goes on. */
  private goOn(): number {
    const isCode = (t: number): boolean => T.kindOf(t) !== T.SCHEDULE && T.kindOf(t) !== T.DESCHEDULE
    const able = this.progress.filter(isCode)
    const patient = this.inARow < PATIENCE
    const chosen = (patient ? undefined : able.find((t) => this.world.actor(t) !== this.lastActor)) ?? able[0] ?? this.makeRoom()
    const actor = this.world.actor(chosen)
    this.inARow = actor === this.lastActor && patient ? this.inARow + 1 : 0
    this.lastActor = actor
    return chosen
  }

  /** No code can go on: somebody comes back early, or makes way for another. */
  private makeRoom(): number {
    const back = ofKind(this.progress, T.SCHEDULE).toSorted((a, b) => this.due[T.whoOf(a)] - this.due[T.whoOf(b)])
    return back[0] ?? this.longest(ofKind(this.progress, T.DESCHEDULE))!
  }
}
