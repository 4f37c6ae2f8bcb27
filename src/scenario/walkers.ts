/** The page walkers of a world: those of instructions, and those that speculate. */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { RETURN, opTable } from '../engine/step.ts'
import { walkRoot } from '../machine/access.ts'
import { UNFINISHED } from '../machine/access-result.ts'
import type { Machine } from '../machine/machine.ts'
import { WRITE } from '../machine/rights.ts'
import { walkOperations } from '../machine/page-walk.ts'
import { FAULT, SPECULATIVE } from '../machine/walk-stage.ts'
import type { Tracer } from './tracer.ts'

export class Walkers {
  tracer: Tracer | undefined
  private readonly machine: Machine
  private readonly co: Coroutines
  private readonly right = opTable().map((op) => op.mover === 'right')

  constructor(machine: Machine, co: Coroutines) {
    this.machine = machine
    this.co = co
  }

  /** Takes one step of the walk of a vCPU's instruction; its outcome, or UNFINISHED. */
  readonly stepWalk = (v: number): number => this.walk(v, this.machine.walk + v, 'walk')

  /** Begins a speculative walk for a page, for a load or a store, with its first step. */
  speculate(v: number, page: number, write: boolean): void {
    const m = this.machine
    m.S[m.speculations]++
    m.S[m.speculationPage + v] = page
    m.S[m.speculation + v] = walkRoot(m, this.co, page, SPECULATIVE | (write ? WRITE : 0))
    this.stepSpeculation(v)
  }

  stepSpeculation(v: number): void {
    const m = this.machine
    const outcome = this.walk(v, m.speculation + v, 'speculation')
    if (outcome === UNFINISHED) return
    m.S[m.speculationPage + v] = 0
    m.S[m.caches.speculationPointer + v] = 0
    if (outcome !== FAULT) m.hooks.witness('speculation')
  }

  /** True if walks may have to wait at all. */
  mayWait(): boolean {
    const { guards } = this.machine
    return walkOperations.some(({ code }) => guards[code] !== undefined)
  }

  /** False if the next step of the walk whose control state is in word `at` waits for the store buffer. */
  canStep(at: number, v: number): boolean {
    const { S, guards } = this.machine
    const { nodes } = this.co
    const node = S[at]
    const guard = guards[opOf(nodes, node)]
    return guard === undefined || guard(v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
  }

  /** One step of the walk whose control state is in word `at`. */
  private walk(v: number, at: number, role: 'walk' | 'speculation'): number {
    const { S, execute } = this.machine
    const { co } = this
    for (;;) {
      const node = S[at]
      const op = opOf(co.nodes, node)
      const result = execute[op](v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
      this.tracer?.(v, node, result, role)
      const next = co.next(node, result)
      if (opOf(co.nodes, next) === RETURN.code) {
        S[at] = 0
        return argA(co.nodes, next)
      }
      S[at] = next
      if (!this.right[op] || !this.canStep(at, v)) return UNFINISHED
    }
  }
}
