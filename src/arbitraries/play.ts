/**
 * Plays a scenario: preemption points, hardware events and returning vCPUs first, as soon as they are due and can be;
 * then the turns of the schedule; then the first who can go on. Every scenario runs to its end, whatever it leaves
 * out. Nothing is drawn here: a scenario has one outcome.
 */
import { MAX_RUN } from '../explore/run.ts'
import { MAX_ENABLED, type Violation } from '../engine/system.ts'
import { boundsFor, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import * as T from '../scenario/transition.ts'
import { checkWorkload } from '../scenario/check-workload.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'
import { nextOf, ofKind, picked } from './choices.ts'
import type { HardwareEvent } from './hardware.ts'
import { Hypervisor } from './hypervisor.ts'
import type { Scenario } from './scenario.ts'
import type { AnyPolicy } from './workloads.ts'

/** After the schedule: transitions of one actor in a row until another one is let in, since code may be polling. */
const PATIENCE = 256

export interface Played {
  /** What the run violated, or undefined. */
  readonly violation: Violation | undefined
  /** Transitions taken. */
  readonly steps: number
  /** The violation as everything else in the package takes it: `shrink`, `makeCase`, `tellRace`. */
  readonly race: Race | undefined
}

const worlds = new WeakMap<AnyPolicy, Map<string, Worlds>>()

/** The worlds of a policy within bounds, which are dear to build and are kept as long as the policy is. */
function worldsOf(policy: AnyPolicy, bounds: Partial<Bounds>): Worlds {
  const known = worlds.get(policy) ?? new Map<string, Worlds>()
  worlds.set(policy, known)
  const key = JSON.stringify(bounds)
  const found = known.get(key) ?? new Worlds(policy, boundsFor(policy, bounds))
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
  checkWorkload('scenario', workload, policy, groups, vcpus)
  const { taken, violation } = new Player(known.at(workload), known.bounds, scenario).play()
  const race = violation && {
    policy,
    bounds: known.bounds,
    workload,
    schedule: Int32Array.from(taken),
    violation,
  }
  return { violation, steps: taken.length, race }
}

/** What is enabled, for whichever player plays. */
const buffer = new Int32Array(MAX_ENABLED)

class Player {
  private readonly world: World
  private readonly schedule: Scenario['schedule']
  private readonly events: HardwareEvent[]
  private readonly host: Hypervisor
  private readonly taken: number[] = []
  private turn = 0
  private takenInTurn = 0
  private lastActor = -1
  private inARow = 0

  constructor(world: World, bounds: Bounds, scenario: Scenario) {
    this.world = world
    this.schedule = scenario.schedule
    this.events = [...scenario.hardware]
    this.host = new Hypervisor(bounds, scenario.preemptions, scenario.host)
  }

  play(): { taken: readonly number[]; violation: Violation | undefined } {
    const { world, host, taken } = this
    while (world.violation === undefined && taken.length < MAX_RUN) {
      const enabled = [...buffer.subarray(0, world.enabled(buffer))]
      if (world.progress === 0) return { taken, violation: world.final() ? undefined : world.deadlock() }
      const now = taken.length
      const chosen =
        host.preempt(enabled, now) ??
        this.hardware(enabled) ??
        host.bringBack(enabled, now) ??
        this.inTurn(enabled) ??
        this.goOn(enabled)
      host.note(chosen, now)
      taken.push(chosen)
      world.apply(chosen)
    }
    return { taken, violation: world.violation }
  }

  private hardware(enabled: readonly number[]): number | undefined {
    const { events, taken } = this
    for (let i = 0; i < events.length && events[i].step <= taken.length; i++) {
      const { cpu, does, pick } = events[i]
      const chosen =
        does === 'walk'
          ? (ofKind(enabled, T.SPECULATION_STEP, cpu)[0] ?? picked(ofKind(enabled, T.SPECULATE, cpu), pick))
          : does === 'drain'
            ? ofKind(enabled, T.DRAIN, cpu)[0]
            : picked(ofKind(enabled, does === 'evict' ? T.EVICT : T.NMI_ARRIVES, cpu), pick)
      if (chosen === undefined) continue
      events.splice(i, 1)
      return chosen
    }
    return undefined
  }

  /** What the schedule says; turns whose owner cannot go on are over. */
  private inTurn(enabled: readonly number[]): number | undefined {
    for (; this.turn < this.schedule.length; this.turn++, this.takenInTurn = 0) {
      const turn = this.schedule[this.turn]
      if (this.takenInTurn >= turn.steps) continue
      const chosen =
        nextOf(enabled, turn, this.takenInTurn) ??
        (turn.who === 'rcu' ? undefined : this.host.makeWayFor(turn.who, enabled, this.taken.length))
      if (chosen === undefined) continue
      this.takenInTurn++
      return chosen
    }
    return undefined
  }

  /** What happens where nothing is said: the first who can goes on. */
  private goOn(enabled: readonly number[]): number {
    const { world, lastActor } = this
    const able = enabled.slice(0, world.progress).filter((t) => T.kindOf(t) < T.SCHEDULE)
    const isPatient = this.inARow < PATIENCE
    const other = isPatient ? undefined : able.find((t) => world.actor(t) !== lastActor)
    const chosen = other ?? able[0] ?? this.host.unblock(enabled)!
    this.lastActor = world.actor(chosen)
    this.inARow = this.lastActor === lastActor && isPatient ? this.inARow + 1 : 0
    return chosen
  }
}
