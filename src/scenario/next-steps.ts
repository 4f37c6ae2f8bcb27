/**
 * The step that a thread asks for next: whether it can be taken now, how many outcomes it can have, and how it is
 * grouped with its neighbours. Most operations never wait and have one outcome, so what is known of each beforehand is
 * looked up first; what only the others need is in methods of its own, so that the way of most is short enough for
 * the compiler to inline.
 */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { RETURN, opTable } from '../engine/step.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import { ACCESS, accessOutcomes, hasAlternatives } from '../machine/access.ts'
import type { Machine } from '../machine/machine.ts'
import { CHOOSE, TRY_ALLOCATE } from '../machine/memory.ts'
import * as T from './transition.ts'
import type { Walkers } from './walkers.ts'

/** What is known of an operation beforehand: it is done together with the step behind it. */
export const RIGHT = 1
/** To be done before anything else: a step that belongs to the one before it, or the end of a coroutine. */
export const LEFT = 2
/** More than an operation to be executed: an access, a hypercall, the end of a coroutine. */
export const SPECIAL = 4
/** May have to wait. */
const WAITS = 8
/** May have several outcomes for the explorer to pick from. */
const SEVERAL = 16

export class NextSteps {
  /** By operation: RIGHT, LEFT, SPECIAL, WAITS, SEVERAL. */
  readonly traits: Uint8Array
  /** By operation: those traits that are the same on all machines. */
  private readonly always = Uint8Array.from(opTable(), (op) => {
    const group = op === RETURN || op.mover === 'left' ? LEFT : op.mover === 'right' ? RIGHT : 0
    return op === RETURN || op === ACCESS || op === HYPERCALL ? group | SPECIAL : group
  })
  private readonly machine: Machine
  private readonly co: Coroutines
  private readonly walkers: Walkers

  constructor(machine: Machine, co: Coroutines, walkers: Walkers) {
    this.machine = machine
    this.co = co
    this.walkers = walkers
    this.traits = this.always.slice()
  }

  /** Looks at what is installed on the machine now. */
  learn(): void {
    const { guards, outcomes, config } = this.machine
    const { traits } = this
    traits.set(this.always)
    for (let op = 0; op < traits.length; op++) {
      if (guards[op] !== undefined) traits[op] |= WAITS
      if (outcomes[op] !== undefined) traits[op] |= SEVERAL
    }
    traits[CHOOSE.code] |= SEVERAL
    traits[TRY_ALLOCATE.code] |= SEVERAL
    if (this.walkers.mayWait()) traits[ACCESS.code] |= WAITS
    if (hasAlternatives(config)) traits[ACCESS.code] |= SEVERAL
  }

  /** True if the step of the innermost coroutine of a vCPU, in word `top`, can be taken now. */
  canStep(v: number, top: number): boolean {
    const node = this.machine.S[top]
    return (this.traits[opOf(this.co.nodes, node)] & WAITS) === 0 || this.isReady(v, node)
  }

  /** True if the step in word `top` can be taken now and has one outcome: the explorer has nothing to say about it. */
  isForced(v: number, top: number): boolean {
    const node = this.machine.S[top]
    const trait = this.traits[opOf(this.co.nodes, node)]
    return (trait & (WAITS | SEVERAL)) === 0 || (this.isReady(v, node) && this.outcomes(v, node) === 1)
  }

  /** Adds the transitions of a vCPU if it can step: one for each outcome that its step can have. */
  add(v: number, top: number, out: Int32Array, n: number): number {
    const node = this.machine.S[top]
    if ((this.traits[opOf(this.co.nodes, node)] & (WAITS | SEVERAL)) !== 0)
      return this.isReady(v, node) ? this.addOutcomes(v, node, out, n) : n
    out[n] = T.transition(T.STEP, v)
    return n + 1
  }

  private addOutcomes(v: number, node: number, out: Int32Array, n: number): number {
    const count = this.outcomes(v, node)
    for (let i = 0; i < count; i++) out[n + i] = T.transition(T.STEP, v, i)
    return n + count
  }

  /** True if the step that `node` asks for does not have to wait. */
  private isReady(v: number, node: number): boolean {
    const { machine, walkers } = this
    const { nodes } = this.co
    const op = opOf(nodes, node)
    const guard = machine.guards[op]
    if (guard !== undefined && !guard(v, argA(nodes, node), argB(nodes, node), argC(nodes, node)))
      return false
    // An access waits where the step of its walk does.
    return op !== ACCESS.code || machine.S[machine.walk + v] === 0 || walkers.canStep(machine.walk + v, v)
  }

  /** How many outcomes the explorer can pick from for the step that `node` asks for. */
  private outcomes(v: number, node: number): number {
    const { machine, co } = this
    const { nodes } = co
    const op = opOf(nodes, node)
    const many = machine.outcomes[op]
    if (many !== undefined) return many(v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
    if (op === CHOOSE.code) return argA(nodes, node)
    if (op === TRY_ALLOCATE.code) return 2
    return op === ACCESS.code && hasAlternatives(machine.config) ? accessOutcomes(machine, co, v, node) : 1
  }
}
