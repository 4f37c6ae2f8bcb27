/**
 * The step that a thread asks for next: whether it can be taken now, how many outcomes it can have, and how it is
 * grouped with its neighbours. Most operations never wait and have one outcome, so what is known of each beforehand is
 * looked up first.
 */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { RETURN, opTable, type Op } from '../engine/step.ts'
import { ACCESS, accessOutcomes, hasAlternatives } from '../machine/access.ts'
import type { Machine } from '../machine/machine.ts'
import { CHOOSE, TRY_ALLOCATE } from '../machine/memory.ts'
import * as T from './transition.ts'
import type { Walkers } from './walkers.ts'

/** What is known of an operation beforehand. Done together with the step behind it. */
export const RIGHT = 1
/** To be done before anything else: a step that belongs to the one before it, or the end of a coroutine. */
export const LEFT = 2
/** May have to wait. */
const WAITS = 4
/** May have several outcomes for the explorer to pick from. */
const SEVERAL = 8

export class NextSteps {
  /** By operation: RIGHT, LEFT, WAITS, SEVERAL. */
  traits = new Uint8Array(0)
  private readonly machine: Machine
  private readonly co: Coroutines
  private readonly walkers: Walkers

  constructor(machine: Machine, co: Coroutines, walkers: Walkers) {
    this.machine = machine
    this.co = co
    this.walkers = walkers
  }

  /** Looks at what is installed on the machine now. */
  learn(): void {
    this.traits = Uint8Array.from(opTable(), (op) => this.traitsOf(op))
  }

  private traitsOf(op: Op): number {
    const { guards, outcomes, config } = this.machine
    const { code, mover } = op
    const group = op === RETURN || mover === 'left' ? LEFT : mover === 'right' ? RIGHT : 0
    const waits = guards[code] !== undefined || op === ACCESS
    const several =
      outcomes[code] !== undefined ||
      op === CHOOSE ||
      op === TRY_ALLOCATE ||
      (op === ACCESS && hasAlternatives(config))
    return group | (waits ? WAITS : 0) | (several ? SEVERAL : 0)
  }

  /** True if the step of the innermost coroutine of a vCPU, in word `top`, can be taken now. */
  canStep(v: number, top: number): boolean {
    const { machine } = this
    const { nodes } = this.co
    const node = machine.S[top]
    const op = opOf(nodes, node)
    if ((this.traits[op] & WAITS) === 0) return true
    const guard = machine.guards[op]
    if (guard !== undefined && !guard(v, argA(nodes, node), argB(nodes, node), argC(nodes, node)))
      return false
    // An access waits where the step of its walk does.
    return (
      op !== ACCESS.code || machine.S[machine.walk + v] === 0 || this.walkers.canStep(machine.walk + v, v)
    )
  }

  /** How many outcomes the explorer can pick from for the step that `node` asks for. */
  outcomes(v: number, node: number): number {
    const { machine, co } = this
    const { nodes } = co
    const op = opOf(nodes, node)
    if ((this.traits[op] & SEVERAL) === 0) return 1
    const many = machine.outcomes[op]
    if (many !== undefined) return many(v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
    if (op === CHOOSE.code) return argA(nodes, node)
    return op === ACCESS.code ? accessOutcomes(machine, co, v, node) : 2
  }

  /** Adds the transitions of a vCPU that can step: one for each outcome that its step can have. */
  add(v: number, top: number, out: Int32Array, n: number): number {
    const count = this.outcomes(v, this.machine.S[top])
    for (let i = 0; i < count; i++) out[n + i] = T.transition(T.STEP, v, i)
    return n + count
  }
}
