/**
 * What a thread may still touch, by control state. A coroutine is a finite graph once its loops come back to
 * checkpoints, so what its rest touches is what is touched on any path through it. Where the graph does not end, or
 * the results of a step are not known beforehand, the rest may touch anything.
 */
import { emptyBits, join, type Bits } from './bits.ts'
import type { ControlGraph } from './control-graph.ts'
import type { Effects } from './effects.ts'

export interface Future {
  readonly reads: Bits
  readonly writes: Bits
}

export class Futures {
  private readonly graph: ControlGraph
  private readonly effects: Effects
  private readonly anything: Future
  private futures: (Future | undefined)[] = []

  constructor(graph: ControlGraph, effects: Effects) {
    this.graph = graph
    this.effects = effects
    this.anything = { reads: emptyBits(effects.width).fill(-1), writes: emptyBits(effects.width).fill(-1) }
    this.update()
  }

  /** What the rest of a thread may touch. */
  of(node: number): Future {
    return this.futures[node] ?? this.anything
  }

  /** Takes notice of what was learned about steps. */
  update(): void {
    this.futures = []
    for (const [node, after] of this.graph) if (after !== undefined) this.futures[node] = this.own(node)
    // Successors are mostly found after their predecessors.
    const upwards = [...this.graph].toReversed()
    for (let changed = true; changed;) {
      changed = false
      for (const [node, after] of upwards) {
        const future = this.futures[node]
        if (future === undefined) continue
        for (const next of after!) {
          const { reads, writes } = this.of(next)
          if (join(future.reads, reads)) changed = true
          if (join(future.writes, writes)) changed = true
        }
      }
    }
  }

  /** What the step itself may touch. */
  private own(node: number): Future {
    const { guard, action } = this.effects.call(node)
    const future = { reads: emptyBits(this.effects.width), writes: emptyBits(this.effects.width) }
    for (const behaviour of [guard, action]) if (behaviour) join(future.reads, behaviour.reads)
    if (action) join(future.writes, action.writes)
    return future
  }
}
