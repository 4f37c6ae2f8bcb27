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
import { Restart } from '../engine/restart.ts'
import type { System, Violation } from '../engine/system.ts'
import type { World } from '../scenario/world.ts'
import * as T from '../scenario/transition.ts'

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
  /** The workload for which the reduction was given up. */
  private noticed = -1
  /** vCPUs (one bit each) that a preemption would do something to; that could be away without anybody noticing. */
  private matter = 0
  private couldBeAway = 0
  /** Whether a search before this one has witnessed that something was done to a vCPU that was away. */
  private knewAbsence = false
  private readonly before: Int32Array
  private readonly left: Int32Array

  /** The world must be one of those for which {@link mayNotNotice} holds. */
  constructor(world: World) {
    this.world = world
    this.actors = world.actors
    this.before = world.state.slice()
    this.left = world.state.slice()
  }

  /** True if the reduction is in force for the workload at hand. */
  get reduces(): boolean {
    return this.noticed !== this.world.beginnings
  }

  /** After {@link enabled}: the vCPUs (one bit each) that could be away without anybody noticing. */
  get absent(): number {
    return this.couldBeAway
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
    this.world.machine.placementSeen = false
    this.knewAbsence = this.world.witnessed.has('target-preempted')
  }

  enabled(out: Int32Array): number {
    const { world } = this
    const count = world.enabled(out)
    this.progress = world.progress
    if (!this.reduces) return count
    this.probe()
    let kept = this.progress
    this.couldBeAway = 0
    for (let i = kept; i < count; i++) {
      const vcpu = T.whoOf(out[i])
      if (T.kindOf(out[i]) !== T.PREEMPT || this.matter & (1 << vcpu)) out[kept++] = out[i]
      else this.couldBeAway |= 1 << vcpu
    }
    return kept
  }

  apply(transition: number): void {
    const { world } = this
    if (!this.reduces) return world.apply(transition)
    const { machine } = world
    machine.couldBeAway = this.couldBeAway
    world.apply(transition)
    machine.couldBeAway = 0
    if (T.kindOf(transition) === T.PREEMPT) this.comeBack(T.whoOf(transition))
    if (machine.placementSeen) this.giveUp()
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

  /** Looks at what a preemption of each vCPU would do, whether or not the host may preempt any more. */
  private probe(): void {
    const { world } = this
    const { machine, parts } = world
    const { stacks } = parts
    this.matter = 0
    this.before.set(world.state)
    for (let vcpu = 0; vcpu < machine.config.vcpus; vcpu++) {
      const top = stacks.top(vcpu)
      if (top < 0 || !stacks.inGuest(top) || machine.isOffline(vcpu)) continue
      if (this.matters(vcpu)) this.matter |= 1 << vcpu
    }
  }

  /** Where each vCPU has a pCPU to itself, that has its number. */
  private comeBack(vcpu: number): void {
    this.world.apply(T.transition(T.SCHEDULE, vcpu, vcpu))
  }

  /**
   * True if a preemption does anything to a vCPU that is in its guest. Gives up if coming back does.
   */
  private matters(vcpu: number): boolean {
    const { world, before, left } = this
    const { state, machine } = world
    const { host } = world.parts
    world.apply(T.transition(T.PREEMPT, vcpu))
    state[machine.on + vcpu] = before[machine.on + vcpu]
    state[host.preemptions] = before[host.preemptions]
    const matters = !equal(state, before)
    if (matters) left.set(state)
    this.comeBack(vcpu)
    const entersAsItLeft = equal(state, matters ? left : before)
    if (matters || !entersAsItLeft) {
      state.set(before)
      world.clearViolation()
    }
    if (!entersAsItLeft) this.giveUp()
    return matters
  }

  private giveUp(): never {
    this.noticed = this.world.beginnings
    // What could have been away was taken for a witness, too early.
    if (!this.knewAbsence) this.world.witnessed.delete('target-preempted')
    this.world.machine.placementSeen = false
    throw new Restart()
  }
}

function equal(x: Int32Array, y: Int32Array): boolean {
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false
  return true
}
