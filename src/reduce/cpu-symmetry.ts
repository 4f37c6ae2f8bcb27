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
import { fail } from '../errors.ts'
import type { Violation } from '../engine/system.ts'
import type { Space } from '../protocol/space.ts'
import { Behaviour } from './behaviour.ts'
import type { ControlGraph } from './control-graph.ts'
import type { Effects } from './effects.ts'
import { allPairs, isTransitive, isWithin, pairBit, permutations } from './permutations.ts'
import { standIn } from './recording.ts'

/** All permutations are tried of every run, so there must not be many. */
const MAX_CPUS = 5

/** Control states of a thread of each CPU that stand for each other. */
type Row = readonly number[]

/** What was found out about a step of a thread that is on none of the alike CPUs. */
interface Outsider {
  pairs: number
}

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
  private readonly permutations: readonly (readonly number[])[]
  /** Steps of the alike CPUs by behaviour: what each CPU does in place of the other. */
  private readonly insiders = new Map<Behaviour, Set<readonly Behaviour[]>>()
  private readonly others = new Map<Behaviour, Outsider>()
  /** By behaviour: the comparison of what it does with what it does when CPUs are permuted. */
  private readonly comparisons = new Map<Behaviour, Behaviour>()
  /** By control state of an outsider: the pairs of CPUs that its rest does not tell apart. */
  private alikeFrom = new Map<number, number>()
  /** True once CPUs were told apart that were not before, until somebody takes notice. */
  taught = false

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
    this.permutations = permutations(cpus.length)
    const all = protocol.threads.map((_, thread) => thread)
    const byCpu = cpus.map((cpu) => all.filter((thread) => protocol.threads[thread].cpu === cpu))
    if (byCpu.some(({ length }) => length !== byCpu[0].length))
      throw fail.cpusNotAlike(protocol.name, cpus.join(', '), 'have different numbers of threads')
    this.threads = byCpu[0].map((_, place) => byCpu.map((threads) => threads[place]))
    this.outsiders = all.filter((thread) => !byCpu.flat().includes(thread))
    this.rows = this.threads.map((threads) => this.match(threads.map((thread) => state[control + thread])))
    for (const thread of this.outsiders) this.meet(state[control + thread])
    for (const never of effects.nevers) this.others.set(never, { pairs: allPairs(cpus.length) })
    effects.onUse = (behaviour, S) => this.look(behaviour, S)
    this.update()
  }

  /** Takes notice of what was found out about outsiders. */
  update(): void {
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
    const { space, cpus, others, effects } = this
    const { state, control } = space
    let pairs = allPairs(cpus.length)
    for (const thread of this.outsiders) pairs &= this.alikeFrom.get(state[control + thread]) ?? 0
    for (const never of effects.nevers) pairs &= others.get(never)!.pairs
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
      if (met.some((other) => other !== known)) throw this.unlike('go through different control states')
      if (known !== undefined) {
        const other = row
        if (known.some((node, i) => node !== other[i]))
          throw this.unlike('go through different control states')
        continue
      }
      for (const [i, node] of row.entries()) maps[i].set(node, row)
      const calls = row.map((node) => this.effects.call(node))
      for (const behaviours of [calls.map(({ guard }) => guard), calls.map(({ action }) => action)]) {
        const present = behaviours.filter((behaviour) => behaviour !== undefined)
        if (present.length === row.length) this.addInsiders(present)
        else if (present.length > 0) throw this.unlike('ask for different steps')
      }
      const after = row.map((node) => this.graph.get(node)!)
      if (after.some(({ length }) => length !== after[0].length)) throw this.unlike('ask for different steps')
      after[0].forEach((_, result) => todo.push(after.map((nodes) => nodes[result])))
    }
    return maps
  }

  private addInsiders(family: readonly Behaviour[]): void {
    for (const behaviour of new Set(family)) {
      const known = this.insiders.get(behaviour) ?? new Set()
      this.insiders.set(behaviour, known)
      if (![...known].some((other) => other.every((each, i) => each === family[i]))) known.add(family)
    }
  }

  /** Takes note of the steps of a thread that is on none of the CPUs. */
  private meet(root: number): void {
    const met = new Set([root])
    for (const node of met) {
      const { guard, action } = this.effects.call(node)
      for (const behaviour of [guard, action])
        if (behaviour !== undefined && !this.others.has(behaviour))
          this.others.set(behaviour, { pairs: allPairs(this.cpus.length) })
      for (const next of this.graph.get(node) ?? []) met.add(next)
    }
  }

  private own(node: number): number {
    const { guard, action } = this.effects.call(node)
    const pairs = (behaviour: Behaviour | undefined): number =>
      (behaviour && this.others.get(behaviour)?.pairs) ?? allPairs(this.cpus.length)
    return pairs(guard) & pairs(action)
  }

  /** Compares what a step does in this state with what it does when CPUs are permuted, unless that is known. */
  private look(behaviour: Behaviour, S: Int32Array): void {
    if (!this.insiders.has(behaviour) && (this.others.get(behaviour)?.pairs ?? 0) === 0) return
    let comparison = this.comparisons.get(behaviour)
    if (comparison === undefined) {
      comparison = new Behaviour(
        behaviour.name,
        (variables) => this.compareAll(behaviour, variables),
        S.length,
      )
      this.comparisons.set(behaviour, comparison)
    }
    if (comparison.find(S) === undefined) comparison.learn(S)
  }

  private compareAll(behaviour: Behaviour, S: Int32Array): void {
    const here = this.outcome(behaviour, S, this.permutations[0])
    const same = (other: Behaviour, permutation: readonly number[]): boolean =>
      this.outcome(other, S, permutation) === here
    for (const family of this.insiders.get(behaviour) ?? []) {
      family.forEach((one, i) => {
        if (one !== behaviour) return
        for (const permutation of this.permutations)
          if (!same(family[permutation[i]], permutation))
            throw this.unlike('take steps that do different things')
      })
    }
    const other = this.others.get(behaviour)
    if (other === undefined) return
    const before = other.pairs
    const good = this.permutations.filter((permutation) => same(behaviour, permutation))
    for (let j = 1; j < this.cpus.length; j++) {
      for (let i = 0; i < j; i++) {
        const swaps = (permutation: readonly number[]): boolean =>
          permutation.every((to, from) => to === (from === i ? j : from === j ? i : from))
        if (!good.some(swaps)) other.pairs &= ~pairBit(i, j)
      }
    }
    const within = this.permutations.filter((permutation) => isWithin(permutation, other.pairs))
    if (!isTransitive(other.pairs, this.cpus.length) || within.some((each) => !good.includes(each)))
      other.pairs = 0
    if (other.pairs !== before) this.taught = true
  }

  /**
   * What a behaviour does to variables whose CPUs are permuted, told as if they were not: its result, what it violates
   * and what it writes.
   */
  private outcome(behaviour: Behaviour, S: Int32Array, permutation: readonly number[]): string {
    const { protocol } = this.space
    const kept = protocol.violation
    protocol.violation = undefined
    const from = this.origins(permutation)
    const written = new Map<number, number>()
    const view = standIn(
      from.length,
      (word) => written.get(from[word]) ?? S[from[word]],
      (word, value) => void written.set(from[word], value),
      () => {
        throw this.unlike(
          'use the variables in another way than by index, so that their steps cannot be compared',
        )
      },
    )
    const result = Number(behaviour.function(view) ?? 0)
    const violated = (protocol.violation as Violation | undefined)?.invariant ?? ''
    protocol.violation = kept
    return JSON.stringify([result, violated, [...written].toSorted(([x], [y]) => x - y)])
  }

  /** By word: where its value comes from when CPUs are permuted. */
  private origins(permutation: readonly number[]): number[] {
    const origins = Array.from({ length: this.space.control }, (_, word) => word)
    for (const array of this.arrays)
      permutation.forEach((to, from) => (origins[array + this.cpus[to]] = array + this.cpus[from]))
    return origins
  }

  private unlike(how: string): Error {
    return fail.cpusNotAlike(this.space.protocol.name, this.cpus.join(', '), how)
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
