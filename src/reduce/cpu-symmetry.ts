/**
 * CPU symmetry: states that differ by a permutation of CPUs that are alike are one, and the search goes on from one of
 * them, whose CPUs are sorted by what they hold (after Ip and Dill 1996, and Emerson and Sistla 1996).
 *
 * - That CPUs are alike is declared, and not believed. Threads of alike CPUs must have control graphs of one shape,
 *   and each step is done again with the CPUs permuted in every way: it must write, violate and result in the same,
 *   permuted. That depends on the values that all of these read, so it is done once for each of their combinations.
 * - Other threads name CPUs in some order: a loop that has sent to CPU 1 and not yet to CPUs 2 and 3 tells them apart,
 *   and so do states before the loop, because CPU 1 will come first. Only CPUs that nothing in the rest of such a thread
 *   tells apart are permuted: those that its remaining steps treat alike, which is found out in the same way. All of
 *   them are once the loop has ended.
 * - What was found out too late is as in `order.ts`: the first step that treats CPUs differently is met in the
 *   reduced search if it is met at all, and the search begins anew.
 *
 * Left out: variables that hold CPU numbers or masks of CPUs, which a protocol cannot declare; more than five CPUs.
 */
import type { Space } from '../protocol/space.ts'
import type { ControlGraph } from './control-graph.ts'
import type { Effects } from './effects.ts'
import { Likeness } from './likeness.ts'
import { allPairs, pairBit } from './permutations.ts'

/** All permutations are tried of every run, so there must not be many. */
const MAX_CPUS = 5

/** Control states of a thread of each CPU that stand for each other. */
type Row = readonly number[]

export class CpuSymmetry {
  private readonly space: Space
  private readonly effects: Effects
  private readonly graph: ControlGraph
  private readonly cpus: readonly number[]
  private readonly arrays: readonly number[]
  /** By place of a thread on its CPU, then by CPU: the thread. */
  private readonly threads: readonly (readonly number[])[]
  /** By place of a thread, and by CPU and control state: the row. */
  private readonly rows: readonly (readonly Map<number, Row>[])[]
  private readonly outsiders: readonly number[]
  private readonly likeness: Likeness
  /** By control state of an outsider: the pairs of CPUs that its rest does not tell apart. */
  private alikeFrom = new Map<number, number>()

  /** Undefined where nothing can be gained. */
  static of(space: Space, effects: Effects, graph: ControlGraph): CpuSymmetry | undefined {
    const { alike } = space.protocol
    if (alike === undefined || alike.cpus.length < 2 || alike.cpus.length > MAX_CPUS) return undefined
    const known = space.protocol.threads.every(
      ({ cpu }, thread) => !alike.cpus.includes(cpu) || isKnown(graph, space.state[space.control + thread]),
    )
    return known ? new CpuSymmetry(space, effects, graph, alike.cpus, alike.perCpu) : undefined
  }

  private constructor(
    space: Space,
    effects: Effects,
    graph: ControlGraph,
    cpus: readonly number[],
    arrays: readonly number[],
  ) {
    const { protocol, control, state } = space
    this.space = space
    this.effects = effects
    this.graph = graph
    this.cpus = cpus
    this.arrays = arrays
    this.likeness = new Likeness(space, cpus, arrays)
    const all = protocol.threads.map((_, thread) => thread)
    const byCpu = cpus.map((cpu) => all.filter((thread) => protocol.threads[thread].cpu === cpu))
    if (byCpu.some(({ length }) => length !== byCpu[0].length))
      throw this.likeness.unlike('have different numbers of threads')
    this.threads = byCpu[0].map((_, place) => byCpu.map((threads) => threads[place]))
    this.outsiders = all.filter((thread) => !byCpu.flat().includes(thread))
    this.rows = this.threads.map((threads) => this.match(threads.map((thread) => state[control + thread])))
    for (const thread of this.outsiders) this.meet(state[control + thread])
    for (const never of effects.nevers) this.likeness.addOutsider(never)
    effects.onUse = (behaviour, S) => this.likeness.look(behaviour, S)
    this.update()
  }

  /** True once CPUs are told apart that were not before, until {@link update}. */
  get taught(): boolean {
    return this.likeness.taught
  }

  /** Takes notice of what was found out about outsiders. */
  update(): void {
    this.likeness.taught = false
    const whole = allPairs(this.cpus.length)
    this.alikeFrom = new Map()
    for (const node of this.graph.keys()) this.alikeFrom.set(node, this.own(node))
    const upwards = [...this.graph].toReversed()
    for (let changed = true; changed;) {
      changed = false
      for (const [node, after] of upwards) {
        const before = this.alikeFrom.get(node)!
        const now =
          after === undefined
            ? 0
            : after.reduce((pairs, next) => pairs & this.alikeFrom.get(next)!, before & whole)
        if (now === before) continue
        this.alikeFrom.set(node, now)
        changed = true
      }
    }
  }

  /** Puts the state that stands for this one in its place. */
  canonicalize(): void {
    const { space, cpus, likeness, effects } = this
    const { state, control } = space
    let pairs = allPairs(cpus.length)
    for (const thread of this.outsiders) pairs &= this.alikeFrom.get(state[control + thread]) ?? 0
    for (const never of effects.nevers) pairs &= likeness.pairsOf(never)
    if (pairs === 0) return
    for (let j = 1; j < cpus.length; j++) {
      for (let i = j - 1, at = j; i >= 0; i--) {
        if ((pairs & pairBit(i, j)) === 0 || this.compare(i, at) <= 0) continue
        this.swap(i, at)
        at = i
      }
    }
  }

  /** Compares what two of the CPUs hold. */
  private compare(i: number, j: number): number {
    const { state, gone, cpus: taken, control } = this.space
    const [x, y] = [this.cpus[i], this.cpus[j]]
    for (const array of this.arrays)
      if (state[array + x] !== state[array + y]) return state[array + x] - state[array + y]
    if (taken > 0 && state[gone + x] !== state[gone + y]) return state[gone + x] - state[gone + y]
    for (let place = 0; place < this.threads.length; place++) {
      const threads = this.threads[place]
      const rows = this.rows[place]
      const first =
        rows[i].get(state[control + threads[i]])![0] - rows[j].get(state[control + threads[j]])![0]
      if (first !== 0) return first
    }
    return 0
  }

  private swap(i: number, j: number): void {
    const { state, gone, cpus: taken, control } = this.space
    const [x, y] = [this.cpus[i], this.cpus[j]]
    for (const array of this.arrays) exchange(state, array + x, array + y)
    if (taken > 0) exchange(state, gone + x, gone + y)
    for (let place = 0; place < this.threads.length; place++) {
      const threads = this.threads[place]
      const rows = this.rows[place]
      const before = rows[i].get(state[control + threads[i]])!
      state[control + threads[i]] = rows[j].get(state[control + threads[j]])![i]
      state[control + threads[j]] = before[j]
    }
  }

  /** The rows of control states that stand for each other, by CPU and control state. */
  private match(roots: Row): Map<number, Row>[] {
    const maps = this.cpus.map(() => new Map<number, Row>())
    const todo: Row[] = [roots]
    for (let row = todo.pop(); row !== undefined; row = todo.pop()) {
      const known = maps[0].get(row[0])
      const met = row.map((node, i) => maps[i].get(node))
      if (met.some((other) => other !== known))
        throw this.likeness.unlike('go through different control states')
      if (known !== undefined) {
        const other = row
        if (known.some((node, i) => node !== other[i]))
          throw this.likeness.unlike('go through different control states')
        continue
      }
      for (const [i, node] of row.entries()) maps[i].set(node, row)
      const calls = row.map((node) => this.effects.call(node))
      for (const behaviours of [calls.map(({ guard }) => guard), calls.map(({ action }) => action)]) {
        const present = behaviours.filter((behaviour) => behaviour !== undefined)
        if (present.length === row.length) this.likeness.addInsiders(present)
        else if (present.length > 0) throw this.likeness.unlike('ask for different steps')
      }
      const after = row.map((node) => this.graph.get(node)!)
      if (after.some(({ length }) => length !== after[0].length))
        throw this.likeness.unlike('ask for different steps')
      after[0].forEach((_, result) => todo.push(after.map((nodes) => nodes[result])))
    }
    return maps
  }

  /** Takes note of the steps of a thread that is on none of the CPUs. */
  private meet(root: number): void {
    const met = new Set([root])
    for (const node of met) {
      const { guard, action } = this.effects.call(node)
      for (const behaviour of [guard, action])
        if (behaviour !== undefined) this.likeness.addOutsider(behaviour)
      for (const next of this.graph.get(node) ?? []) met.add(next)
    }
  }

  private own(node: number): number {
    const { guard, action } = this.effects.call(node)
    let pairs = allPairs(this.cpus.length)
    for (const behaviour of [guard, action])
      if (behaviour !== undefined) pairs &= this.likeness.pairsOf(behaviour)
    return pairs
  }
}

function exchange(S: Int32Array, i: number, j: number): void {
  const value = S[i]
  S[i] = S[j]
  S[j] = value
}

/** True if all that can come after a control state is known. */
function isKnown(graph: ControlGraph, root: number): boolean {
  const met = new Set([root])
  for (const node of met) {
    const after = graph.get(node)
    if (after === undefined) return false
    for (const next of after) met.add(next)
  }
  return true
}
