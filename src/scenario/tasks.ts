/** What each CPU of a world has to do: the operations of a workload one after the other, and how far it is with them. */
import type { Machine } from '../machine/machine.ts'

/** Operations of a CPU, at most, and one place more: behind the last one there is nothing. */
const MAX_OPERATIONS = 15
const PLACES = MAX_OPERATIONS + 1

export class Tasks {
  private readonly machine: Machine
  /** Per vCPU: how many operations it has done. */
  private readonly position: number
  /** Per vCPU: what its last operation returned; -1 where that is not kept. */
  private readonly results: number
  /** Per vCPU: first control states of its operations, behind the state. */
  private readonly roots: number

  constructor(machine: Machine, keepsResults: boolean) {
    const { layout, given, walkers } = machine
    this.machine = machine
    this.position = layout.add('position', walkers, MAX_OPERATIONS)
    this.results = keepsResults ? layout.add('result', walkers, 0x7fffffff) : -1
    this.roots = given.addControl('operations', walkers * PLACES)
  }

  /** Gives each vCPU its operations, by their first control states. */
  assign(roots: readonly (readonly number[])[]): void {
    const { S, words, walkers } = this.machine
    S.fill(0, this.position, this.position + walkers)
    words.fill(0, this.root(0, 0), this.root(walkers, 0))
    roots.forEach((operations, v) => words.set(operations, this.root(v, 0)))
  }

  /** The first control state of a vCPU's first operation, 0 if it has none. */
  first(v: number): number {
    return this.machine.words[this.root(v, 0)]
  }

  /** An operation has returned `value`: the first control state of the next one, 0 if there is none. */
  next(v: number, value: number): number {
    const { S, words } = this.machine
    if (this.results >= 0) S[this.results + v] = value
    return words[this.root(v, ++S[this.position + v])]
  }

  /** What the last operation of a vCPU returned. */
  resultOf(v: number): number {
    return this.machine.S[this.results + v]
  }

  /** Word of the first control state of an operation. */
  private root(v: number, position: number): number {
    return this.machine.layout.size + this.roots + v * PLACES + position
  }
}
