/**
 * A world without the preemptions that nothing in it can notice. Where a vCPU has a pCPU to itself and comes back to the
 * same one, being away only delays it. What leaving and coming back do to the vCPU itself (the access in flight starts
 * anew, stores drain, without VPIDs the TLB is flushed) does not depend on how long that takes: it is done at once, in
 * one transition, and left out where it does nothing.
 *
 * So, if `f` is a state of the whole space, some state of the reduced one differs from it in nothing but where vCPUs are,
 * and in fewer preemptions used: a preemption that does something is taken in both, one that does nothing in `f` alone,
 * and whatever else happens is the same in both, as long as
 * - nobody asks where a vCPU is: hooks of entry and exit, and host code that can itself be preempted, are not reduced;
 *   asking is noticed when it happens;
 * - entries do nothing: a flush that was asked for meanwhile would. Each state is probed for that.
 * The first time that either is met, the reduction is given up and the search begins anew. A deadlock is the same in both,
 * because a vCPU that is away can come back. What a vCPU that is away would have witnessed is witnessed by one that could
 * be.
 */
import { insideOf, type Inside } from '../engine/inside.ts'
import { Restart } from '../engine/restart.ts'
import type { System, Violation } from '../engine/system.ts'
import * as T from '../scenario/transition.ts'
import type { World } from '../scenario/world.ts'
import { Changes } from './changes.ts'
import { ReducedInside } from './reduced-inside.ts'

/** True if nothing in the configuration or the policy lets anybody notice at once. */
export function mayNotNotice({ machine, policy }: World): boolean {
  const { vcpus, pcpus, preemptions, migration, emulation, vpids } = machine.config
  return (
    preemptions > 0 &&
    vcpus <= pcpus &&
    !migration &&
    !emulation &&
    vpids === 0 &&
    policy.onVcpuEntry === undefined &&
    policy.onVcpuExit === undefined
  )
}

export class ReducedWorld implements System {
  readonly actors: number
  progress = 0
  private readonly world: World
  private readonly within: Inside
  private readonly changes: Changes
  /** The workload for which the reduction was given up. */
  private noticed = -1
  /** Whether a search before this one has witnessed that something was done to a vCPU that was away. */
  private knewAbsence = false

  /** The world must be one of those for which {@link mayNotNotice} holds. */
  constructor(world: World) {
    this.world = world
    this.actors = world.actors
    this.changes = new Changes(world)
    this.within = new ReducedInside(this, world.inside, world.machine.config.vcpus, ReducedWorld.prototype)
  }

  /** True if the reduction is in force for the workload at hand. */
  get reduces(): boolean {
    return this.noticed !== this.world.beginnings
  }

  get inside(): Inside | undefined {
    return this.reduces && insideOf(this.world) !== undefined ? this.within : undefined
  }

  /** After {@link enabled}: the vCPUs (one bit each) that could be away without anybody noticing. */
  get absent(): number {
    return this.world.parts.witnesses.couldBeAway
  }

  get state(): Int32Array {
    return this.world.state
  }

  get beginnings(): number {
    return this.world.beginnings
  }

  get violation(): Violation | undefined {
    return this.world.violation
  }

  reset(): void {
    this.world.reset()
    this.world.parts.witnesses.placementSeen = false
    this.knewAbsence = this.world.witnessed.has('target-preempted')
  }

  enabled(out: Int32Array): number {
    const { world } = this
    const { vcpus } = world.machine.config
    const count = world.enabled(out)
    this.progress = world.progress
    if (!this.reduces) return count
    this.beginAbsence()
    let end = count
    for (let vcpu = 0; vcpu < vcpus; vcpu++) end = this.keep(vcpu, out, this.progress, end)
    return end
  }

  apply(transition: number): void {
    const { world } = this
    if (this.reduces) this.take(transition, (t) => world.apply(t))
    else world.apply(transition)
  }

  /** Does what a transition does; who is preempted comes back at once. */
  take(transition: number, take: (transition: number) => void): void {
    take(transition)
    if (T.kindOf(transition) === T.PREEMPT) take(comeBack(T.whoOf(transition)))
    if (this.world.parts.witnesses.placementSeen) this.giveUp()
  }

  /** Nobody is known to be absent yet. */
  beginAbsence(): void {
    this.world.parts.witnesses.beginAbsence()
  }

  /**
   * Drops the preemption of a vCPU from the transitions `out[from ..]` unless it does anything, whether or not the host
   * may preempt any more; results in their new end.
   */
  keep(vcpu: number, out: Int32Array, from: number, end: number): number {
    if (this.matters(vcpu)) return end
    const preemption = T.transition(T.PREEMPT, vcpu)
    const at = out.subarray(from, end).indexOf(preemption)
    if (at < 0) return end
    this.world.parts.witnesses.absent(vcpu)
    out.copyWithin(from + at, from + at + 1, end)
    return end - 1
  }

  clearViolation(): void {
    this.world.clearViolation()
  }

  final(): boolean {
    return this.world.final()
  }

  deadlock(): Violation {
    return this.world.deadlock()
  }

  actor(transition: number): number {
    return this.world.actor(transition)
  }

  name(transition: number): string {
    return this.world.name(transition)
  }

  /** True if a preemption does anything to a vCPU that is in its guest. Gives up if coming back does. */
  private matters(vcpu: number): boolean {
    const { world } = this
    const { machine, parts } = world
    const top = parts.stacks.top(vcpu)
    if (top < 0 || !parts.stacks.inGuest(top) || machine.isOffline(vcpu)) return false
    const preemption = T.transition(T.PREEMPT, vcpu)
    const left = this.changes.of(preemption)
    const entered = this.changes.of(preemption, comeBack(vcpu))
    for (const changes of [left, entered]) changes.delete(parts.host.preemptions)
    left.delete(machine.on + vcpu)
    if (!equal(left, entered)) this.giveUp()
    return left.size > 0
  }

  private giveUp(): never {
    const { witnesses } = this.world.parts
    this.noticed = this.world.beginnings
    // What could have been away was taken for a witness, too early.
    if (!this.knewAbsence) witnesses.seen.delete('target-preempted')
    witnesses.placementSeen = false
    throw new Restart()
  }
}

/** Where each vCPU has a pCPU to itself, that has its number. */
const comeBack = (vcpu: number): number => T.transition(T.SCHEDULE, vcpu, vcpu)

const equal = (x: ReadonlyMap<number, number>, y: ReadonlyMap<number, number>): boolean =>
  x.size === y.size && [...x].every(([word, value]) => y.get(word) === value)
