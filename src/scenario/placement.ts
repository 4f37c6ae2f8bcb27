/** Where the host may put vCPUs: which pCPU is free for which, and who must give way where they share. */
import type { Machine } from '../machine/machine.ts'
import type { Interrupts } from './interrupts.ts'
import type { NextSteps } from './next-steps.ts'
import type { Stacks } from './stacks.ts'
import * as T from './transition.ts'

/** What placement looks at. */
interface PlacementAround {
  readonly machine: Machine
  readonly stacks: Stacks
  readonly nextSteps: NextSteps
  readonly interrupts: Interrupts
}

export class Placement {
  private readonly machine: Machine
  private readonly stacks: Stacks
  private readonly nextSteps: NextSteps
  private readonly interrupts: Interrupts

  constructor({ machine, stacks, nextSteps, interrupts }: PlacementAround) {
    this.machine = machine
    this.stacks = stacks
    this.nextSteps = nextSteps
    this.interrupts = interrupts
  }

  /** Adds the pCPUs that a vCPU which is on none can be scheduled on. */
  addSchedules(v: number, out: Int32Array, count: number): number {
    let n = count
    for (let p = 0; p < this.machine.config.pcpus; p++)
      if (this.canRunOn(v, p)) out[n++] = T.transition(T.SCHEDULE, v, p)
    return n
  }

  /** Where there are more vCPUs than pCPUs: one that cannot go on gives way to those that wait. */
  addDeschedule(v: number, out: Int32Array, n: number): number {
    const { S, on, buffer } = this.machine
    if (S[on + v] === 0) return n
    const top = this.stacks.top(v)
    const stuck =
      buffer.isEmpty(v) && (top < 0 || (this.stacks.inGuest(top) && !this.nextSteps.canStep(v, top)))
    if (!stuck || !this.someoneWaitsFor(S[on + v] - 1)) return n
    out[n] = T.transition(T.DESCHEDULE, v)
    return n + 1
  }

  private canRunOn(v: number, p: number): boolean {
    const { S, on, config } = this.machine
    if (!config.migration && v % config.pcpus !== p) return false
    for (let other = 0; other < config.vcpus; other++) if (S[on + other] === p + 1) return false
    return true
  }

  /** True if a vCPU that is on no pCPU has something to do there. */
  couldGoOn(v: number): boolean {
    const { S, pending, interruptFlag } = this.machine
    if (S[pending + v] !== 0 && S[interruptFlag + v] === 1) return true
    if (this.interrupts.signals(v) !== 0) return true
    const top = this.stacks.top(v)
    return top >= 0 && this.nextSteps.canStep(v, top)
  }

  /** True if a vCPU that waits for pCPU `p` could go on there: otherwise taking turns would hide a deadlock. */
  private someoneWaitsFor(p: number): boolean {
    const { S, on, config } = this.machine
    for (let v = 0; v < config.vcpus; v++) {
      if (S[on + v] !== 0 || (!config.migration && v % config.pcpus !== p)) continue
      if (this.couldGoOn(v)) return true
    }
    return false
  }
}
