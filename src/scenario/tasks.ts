/** What each CPU of a world has to do: the operations of a workload one after the other, and how far it is with them. */
import type { Machine } from '../machine/machine.ts'

export class Tasks {
  private readonly machine: Machine
  /** Per vCPU: how many operations it has done. */
  private readonly position: number
  /** Per vCPU: what its last operation returned; -1 where that is not kept. */
  private readonly results: number
  /** Per vCPU: first control states of its operations. */
  private roots: readonly (readonly number[])[] = []

  constructor(machine: Machine, keepsResults: boolean) {
    const { layout, walkers } = machine
    this.machine = machine
    this.position = layout.add('position', walkers, 15)
    this.results = keepsResults ? layout.add('result', walkers, 0x7fffffff) : -1
  }

  /** Gives each vCPU its operations, by their first control states. */
  assign(roots: readonly (readonly number[])[]): void {
    this.roots = roots
    this.machine.S.fill(0, this.position, this.position + roots.length)
  }

  /** The first control state of a vCPU's first operation, 0 if it has none. */
  first(v: number): number {
    return this.roots[v][0] ?? 0
  }

  /** An operation has returned `value`: the first control state of the next one, 0 if there is none. */
  next(v: number, value: number): number {
    const { S } = this.machine
    if (this.results >= 0) S[this.results + v] = value
    return this.roots[v][++S[this.position + v]] ?? 0
  }

  /** What the last operation of a vCPU returned. */
  resultOf(v: number): number {
    return this.machine.S[this.results + v]
  }
}
