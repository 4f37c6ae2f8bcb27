/**
 * The host while a scenario is played: takes vCPUs off their pCPUs at preemption points, brings them back when their
 * time has come, and lets them take turns where they share. It keeps account of who is where by what it has done
 * itself, so it looks into no machine.
 */
import type { Bounds } from '../scenario/bounds.ts'
import * as T from '../scenario/transition.ts'
import { ofKind } from './choices.ts'
import type { HostDecision } from './host-decisions.ts'
import type { PreemptionPoint } from './preemptions.ts'

export class Hypervisor {
  private readonly bounds: Bounds
  private readonly points: PreemptionPoint[]
  private readonly decisions: readonly HostDecision[]
  private decided = 0
  /** By vCPU: when it may come back, or -1 while it is on a pCPU. */
  private readonly due: number[]
  /** By vCPU: when it came or went. */
  private readonly since: number[]

  constructor(bounds: Bounds, points: readonly PreemptionPoint[], decisions: readonly HostDecision[]) {
    this.bounds = bounds
    this.points = [...points]
    this.decisions = decisions
    this.due = Array.from({ length: bounds.vcpus }, (_, v) => (v < bounds.pcpus ? -1 : 0))
    this.since = this.due.map((_, v) => v - bounds.vcpus)
  }

  /** Takes note of a transition that is number `now`, counted from 0. */
  note(t: number, now: number): void {
    const kind = T.kindOf(t)
    const v = T.whoOf(t)
    if (kind === T.SCHEDULE) this.due[v] = -1
    else if (kind === T.DESCHEDULE || kind === T.PREEMPT) this.due[v] = Math.max(this.due[v], now + 1)
    else return
    this.since[v] = now
  }

  /** The preemption that is due, if it is possible; giving way is preferred, for it costs nothing of the budget. */
  preempt(enabled: readonly number[], now: number): number | undefined {
    for (let i = 0; i < this.points.length && this.points[i].step <= now;) {
      const { cpu, step, for: duration } = this.points[i]
      const isAway = this.due[cpu] >= 0
      const leave = ofKind(enabled, T.DESCHEDULE, cpu)[0] ?? ofKind(enabled, T.PREEMPT, cpu)[0]
      if (!isAway && leave === undefined) {
        i++
        continue
      }
      this.points.splice(i, 1)
      this.due[cpu] = isAway ? Math.max(this.due[cpu], step + duration) : now + 1 + duration
      if (!isAway) return leave
    }
    return undefined
  }

  /** Puts a vCPU whose time has come on a pCPU, if there is one for it. */
  bringBack(enabled: readonly number[], now: number): number | undefined {
    const possible = ofKind(enabled, T.SCHEDULE).filter((t) => this.due[T.whoOf(t)] <= now)
    if (possible.length < 2) return possible[0]
    const decision = this.decisions[this.decided++]
    if (decision === undefined) return this.longest(possible)
    const own = possible.filter((t) => T.whoOf(t) === decision.cpu)
    const there = (own.length > 0 ? own : possible).filter((t) => T.detailOf(t) === decision.pcpu)
    return this.longest(there) ?? this.longest(own) ?? this.longest(possible)
  }

  /** Makes way for a vCPU that waits for a pCPU: one that cannot go on leaves it. */
  makeWayFor(cpu: number, enabled: readonly number[], now: number): number | undefined {
    const { pcpus, migration } = this.bounds
    if (this.due[cpu] < 0 || this.due[cpu] > now) return undefined
    const isNear = (t: number): boolean => migration || T.whoOf(t) % pcpus === cpu % pcpus
    return this.longest(ofKind(enabled, T.DESCHEDULE).filter(isNear))
  }

  /** When no code can go on: somebody comes back early, or makes way for another. */
  unblock(enabled: readonly number[]): number | undefined {
    const back = ofKind(enabled, T.SCHEDULE)
    const first = back.toSorted((a, b) => this.due[T.whoOf(a)] - this.due[T.whoOf(b)])[0]
    return first ?? this.longest(ofKind(enabled, T.DESCHEDULE))
  }

  /** The one whose vCPU has been where it is for longest, so that nobody is left out for ever. */
  private longest(transitions: readonly number[]): number | undefined {
    return transitions.toSorted((a, b) => this.since[T.whoOf(a)] - this.since[T.whoOf(b)])[0]
  }
}
