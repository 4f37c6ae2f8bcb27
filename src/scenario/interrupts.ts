/**
 * Interrupts, NMIs and RAR signals as a vCPU takes them: between two instructions, any in an operation, in a handler
 * only where handlers nest, and no interrupt in an NMI handler. What runs then is pushed by the threads.
 */
import type { Rcu } from '../guest/rcu.ts'
import { abortSpeculation, inInstruction } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import type { NextSteps } from './next-steps.ts'
import { INTERRUPT, type Stacks } from './stacks.ts'
import * as T from './transition.ts'

export class Interrupts {
  private readonly machine: Machine
  private readonly rcu: Rcu
  private readonly stacks: Stacks
  private readonly next: NextSteps
  /** The place above those whose code can be interrupted. */
  private readonly last: number

  constructor(machine: Machine, rcu: Rcu, stacks: Stacks, next: NextSteps) {
    this.machine = machine
    this.rcu = rcu
    this.stacks = stacks
    this.next = next
    this.last = machine.config.nesting ? INTERRUPT + 1 : INTERRUPT
  }

  /**
   * The pending interrupts (one bit a vector) that a vCPU with IF=1 can take now: any between two instructions of an
   * operation; in a handler, those of other vectors, where handlers nest.
   */
  deliverable(v: number): number {
    const { machine } = this
    const { S, pending, events } = machine
    const top = this.stacks.top(v)
    if (!this.stacks.isBelow(this.last, top) || inInstruction(machine, v)) return 0
    // A spin loop that goes round has left the shadow behind.
    if (events.shadow >= 0 && S[events.shadow + v] !== 0 && top >= 0 && this.next.canStep(v, top)) return 0
    return events.inService >= 0 && S[events.inService + v] > 0
      ? S[pending + v] & ~(1 << (S[events.inService + v] - 1))
      : S[pending + v]
  }

  /** True between two instructions of guest code that is no NMI handler. */
  takesNmi(v: number): boolean {
    return this.isBetween(v, this.stacks.nmi)
  }

  /** What is pending that IF does not mask, and could be taken now: a bit for each of the details of SIGNAL. */
  signals(v: number): number {
    const { S, events } = this.machine
    let bits = 0
    if (events.nmi >= 0 && S[events.nmi + v] !== 0 && this.takesNmi(v)) bits |= 1 << T.NMI
    // Between two instructions of an NMI handler even.
    if (events.signal >= 0 && S[events.signal + v] !== 0 && this.isBetween(v, this.stacks.microcode))
      bits |= 1 << T.RAR
    return bits
  }

  /** True between two instructions of code below a place. */
  private isBetween(v: number, place: number): boolean {
    return this.stacks.isBelow(place, this.stacks.top(v)) && !inInstruction(this.machine, v)
  }

  /** Takes an interrupt; results in the place of its handler. */
  take(v: number, vector: number): number {
    const { S, pending, interruptFlag, events } = this.machine
    S[pending + v] &= ~(1 << vector)
    S[interruptFlag + v] = 0
    this.wake(v)
    const nested = S[this.stacks.at(INTERRUPT, v)] !== 0
    if (events.inService >= 0 && !nested) S[events.inService + v] = vector + 1
    return nested ? INTERRUPT + 1 : INTERRUPT
  }

  /** Takes an NMI. */
  takeNmi(v: number): void {
    const { S, interruptFlag, events } = this.machine
    S[events.flagBelow + v] = S[interruptFlag + v]
    S[interruptFlag + v] = 0
    this.wake(v)
  }

  /** Takes a RAR signal. */
  takeRar(v: number): void {
    const { S, events } = this.machine
    S[events.signal + v] = 0
  }

  /** The end of an interrupt handler. */
  end(v: number, place: number): void {
    const { S, events } = this.machine
    if (events.inService >= 0 && place === INTERRUPT) S[events.inService + v] = 0
    this.iret(v, 1)
  }

  /** The end of an NMI handler. */
  endNmi(v: number): void {
    const { S, events } = this.machine
    this.iret(v, S[events.flagBelow + v])
  }

  /** An event is delivered: HLT is over, and so is the interrupt shadow. */
  private wake(v: number): void {
    const { S, events } = this.machine
    if (events.shadow < 0) return
    S[events.shadow + v] = 0
    S[events.halted + v] = 0
  }

  /** IRET gives back IF. It serializes, which matters little enough to be part of the features that are about handlers. */
  private iret(v: number, flag: number): void {
    const { machine } = this
    const { config, events } = machine
    machine.S[machine.interruptFlag + v] = flag
    if (config.nesting || events.nmi >= 0) abortSpeculation(machine, v)
    this.rcu.quiescent(v)
  }
}
