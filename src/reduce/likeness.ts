/**
 * Whether CPUs are alike, found out step by step: each step is also done with the CPUs permuted in every way, and must
 * write, violate and result in the same, permuted. That depends on the values that all of these read, so it is done
 * once for each of their combinations. Steps of like CPUs must pass; of other steps it is kept which CPUs they treat alike.
 */
import { fail } from '../errors.ts'
import type { Violation } from '../engine/system.ts'
import type { Space } from '../protocol/space.ts'
import { Behaviour } from './behaviour.ts'
import { allPairs, isTransitive, isWithin, pairBit, permutations } from './permutations.ts'
import { standIn } from '../engine/observation.ts'

/** The pairs of CPUs that a step of another thread does not tell apart. */
interface Outsider {
  pairs: number
}

export class Likeness {
  /** True once CPUs were told apart that were not before; for others to reset. */
  taught = false
  private readonly space: Space
  private readonly cpus: readonly number[]
  /** First words of the variables that have one for each CPU. */
  private readonly arrays: readonly number[]
  private readonly permutations: readonly (readonly number[])[]
  /** Steps of the alike CPUs by behaviour: what each CPU does in place of the other. */
  private readonly insiders = new Map<Behaviour, Set<readonly Behaviour[]>>()
  private readonly others = new Map<Behaviour, Outsider>()
  /** By behaviour: the comparison of what it does with what it does when CPUs are permuted. */
  private readonly comparisons = new Map<Behaviour, Behaviour>()

  constructor(space: Space, cpus: readonly number[], arrays: readonly number[]) {
    this.space = space
    this.cpus = cpus
    this.arrays = arrays
    this.permutations = permutations(cpus.length)
  }

  /** Takes note of what the CPUs, in their order, do in place of each other. */
  addInsiders(family: readonly Behaviour[]): void {
    for (const behaviour of new Set(family)) {
      const known = this.insiders.get(behaviour) ?? new Set()
      this.insiders.set(behaviour, known)
      if (![...known].some((other) => other.every((each, i) => each === family[i]))) known.add(family)
    }
  }

  /** Takes note of a step of a thread that is on none of the CPUs, or of a predicate. */
  addOutsider(behaviour: Behaviour): void {
    if (!this.others.has(behaviour)) this.others.set(behaviour, { pairs: allPairs(this.cpus.length) })
  }

  /** The pairs of CPUs that an outsider's step is not known to tell apart; all of them for an insider's. */
  pairsOf(behaviour: Behaviour): number {
    return this.others.get(behaviour)?.pairs ?? allPairs(this.cpus.length)
  }

  /** Compares what a step does in this state with what it does when CPUs are permuted, unless that is known. */
  look(behaviour: Behaviour, S: Int32Array): void {
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
    const view = standIn(from.length, {
      read: (word) => written.get(from[word]) ?? S[from[word]],
      write: (word, value) => void written.set(from[word], value),
      other: () => {
        throw this.unlike(
          'use the variables in another way than by index, so that their steps cannot be compared',
        )
      },
    })
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

  unlike(how: string): Error {
    return fail.cpusNotAlike(this.space.protocol.name, this.cpus.join(', '), how)
  }
}
