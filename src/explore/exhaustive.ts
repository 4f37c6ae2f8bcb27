/**
 * Exhaustive search: breadth-first over all states that a system can reach, each visited once. Whatever a state's
 * future holds depends on the state alone, so a clean search is a proof for the bounds that the system was built with.
 */
import { fail } from '../errors.ts'
import { isOutOfMemory, type MemoryLimit } from '../engine/memory.ts'
import type { Learned } from '../engine/learned.ts'
import type { Packer } from '../engine/pack.ts'
import { Restart } from '../engine/restart.ts'
import { BATCH, StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { Visited } from '../engine/visited.ts'
import { learn, packerFor } from './learn.ts'
import { learnedFor, packedWithGiven } from './learned-packed.ts'

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Length of the longest shortest path. */
  readonly depth: number
  /** The first violation met, which is one of the shortest; the search ends with it. */
  readonly violation: Violation | undefined
  /** Names of the invariants that were met violated. */
  readonly violated: ReadonlySet<string>
  /** Bytes of the visited set, and bits of a packed state. */
  readonly bytes: number
  readonly packedBits: number
  /** False if the search was given up before its end. */
  readonly complete: boolean
  /** True if that was because memory ended: that of the limit, or that of the machine. */
  readonly full: boolean
}

export interface ExhaustiveOptions {
  /** Fail with a clear sentence beyond this many states. Default 20 million. */
  readonly maxStates?: number
  /** Asked now and then; true gives the search up. */
  readonly stop?: () => boolean
  /** Give the search up where it would take more memory. */
  readonly memory?: MemoryLimit | undefined
  /** Fit the packed form to this search alone: worth its time where states are many. */
  readonly fitted?: boolean
  /**
   * Learn what transitions do once all searches of the system have gone through so many states, or Infinity: never. What
   * was observed is slower for who runs it later, so a short search before many random runs does better without. By
   * default, once it pays.
   */
  readonly learnsAfter?: number
  /** Follow violating transitions like others and report none, for counting. */
  readonly countOnly?: boolean
  /** Told what the search meets; like {@link countOnly}, the search goes on behind violations and deadlocks. */
  readonly observer?: Observer
}

/** Who wants to see all ends of a search. The system is in the state in question while it is called. */
export interface Observer {
  /** A state in which every thread has ended and nobody has anything left to do. */
  ended?(): void
  /** A state that is none of those, and in which nobody can go on. */
  stuck?(violation: Violation): void
  /** A transition violated an invariant. */
  violated?(violation: Violation): void
}

/** Explores all that `system` can reach. */
export function explore(system: System, options: ExhaustiveOptions = {}): Exploration {
  system.reset()
  let packer: Packer | undefined
  for (;;) {
    let search: Search | undefined
    try {
      packer ??= options.fitted === true ? learn(system) : packerFor(system)
      search = new Search(system, packer, options)
      return search.run()
    } catch (thrown) {
      if (!(thrown instanceof Restart)) throw thrown
    } finally {
      search?.free()
    }
  }
}

class Search {
  private readonly system: System
  private readonly packer: Packer
  private readonly options: ExhaustiveOptions
  private readonly goesOn: boolean
  /** The states met; by number where it matters which of them were expanded. */
  private readonly numbered: StateSet | undefined
  private readonly visited: Visited | StateSet
  private readonly enabled = new Int32Array(MAX_ENABLED)
  /** The state that is expanded, packed and unpacked. */
  private readonly packed: Int32Array
  private readonly here: Int32Array
  /** Successors that were not looked up yet, one after the other. */
  private readonly batch: Int32Array
  private waiting = 0
  private transitions = 0
  private depth = 0
  private readonly violated = new Set<string>()
  private learned: Learned | undefined

  constructor(system: System, packer: Packer, options: ExhaustiveOptions) {
    this.system = system
    this.packer = packer
    this.options = options
    this.goesOn = options.countOnly === true || options.observer !== undefined
    if (system.sufficient !== undefined) this.numbered = new StateSet(packer.bytes, options.memory)
    this.visited = this.numbered ?? new Visited(packer.size, options.memory)
    this.batch = new Int32Array(BATCH * packer.size)
    this.packed = packedWithGiven(system, packer)
    system.reset()
    this.here = system.state.slice()
    packer.pack(system.state, this.batch)
    this.waiting = 1
    this.lookUp()
  }

  run(): Exploration {
    const { visited, packed } = this
    const { maxStates = 20_000_000, stop, learnsAfter } = this.options
    let levelEnd = 1
    try {
      for (let number = 0; ; number++) {
        if (number === levelEnd) {
          this.lookUp()
          if (number === visited.count) return this.report(undefined, true)
          this.depth++
          levelEnd = visited.count
        }
        if ((number & 0x3ff) === 0 && stop?.() === true) return this.report(undefined, false)
        visited.take(packed)
        this.learned ??= learnedFor(this.system, this.packer, learnsAfter)
        const violation =
          this.learned === undefined ? this.expand(number) : this.expandAsLearned(this.learned)
        if (violation !== undefined) return this.report(violation, true)
        if (visited.count > maxStates) throw fail.tooManyStates(maxStates)
      }
    } catch (thrown) {
      if (!isOutOfMemory(thrown)) throw thrown
      return this.report(undefined, false, true)
    }
  }

  free(): void {
    this.visited.free()
  }

  /** Expands the state at hand by what is known of its transitions; results in a violation that ends the search. */
  private expandAsLearned(learned: Learned): Violation | undefined {
    const { packed, batch, packer } = this
    const { size } = packer
    const { offers, effects } = learned
    const { transitions, numbers } = offers
    const count = learned.enabled(packed)
    if (learned.progress === 0) {
      packer.unpack(packed, this.system.state)
      const deadlock = this.atEnd()
      if (deadlock !== undefined) return deadlock
    }
    for (let i = 0; i < count; i++) {
      this.transitions++
      const effect = learned.effect(packed, numbers[i])
      const outside = effects.outside[effect]
      if (outside !== undefined) {
        for (const note of outside.notes) note()
        if (outside.violation !== undefined) {
          packer.unpack(packed, this.system.state)
          this.system.apply(transitions[i])
          const violation = this.atViolation()
          if (violation !== undefined) return violation
        }
      }
      const at = this.waiting * size
      for (let word = 0; word < size; word++) batch[at + word] = packed[word]
      effects.change(effect, batch, at)
      if (++this.waiting === BATCH) this.lookUp()
    }
    return undefined
  }

  /** Expands the state at hand by taking its transitions; results in a violation that ends the search. */
  private expand(number: number): Violation | undefined {
    const { system, packer, numbered, enabled, packed, here, batch } = this
    const { state } = system
    packer.unpackChanging(packed, state, here)
    const count = system.enabled(enabled)
    if (system.progress === 0) {
      const deadlock = this.atEnd()
      if (deadlock !== undefined) return deadlock
    }
    // States are expanded in the order of their numbers: what leads to a higher one postpones nothing for ever.
    const enough = system.sufficient ?? count
    const asks = numbered !== undefined && enough < count
    let goesForward = false
    if (asks) this.lookUp()
    for (let i = 0; i < count; i++) {
      if (i === enough && goesForward) break
      system.apply(enabled[i])
      this.transitions++
      const violation = this.atViolation()
      if (violation !== undefined) return violation
      if (asks) {
        packer.repack(state, here, packed, numbered.probe, 0)
        const target = numbered.add()
        if (target > number || -1 - target > number) goesForward = true
        continue
      }
      packer.repack(state, here, packed, batch, this.waiting * packer.size)
      if (++this.waiting === BATCH) this.lookUp()
    }
    return undefined
  }

  /** The system is in a state in which nobody makes progress; results in the deadlock if that ends the search. */
  private atEnd(): Violation | undefined {
    const { system } = this
    const { observer } = this.options
    if (system.final()) {
      observer?.ended?.()
      return undefined
    }
    const deadlock = system.deadlock()
    this.violated.add(deadlock.invariant)
    if (!this.goesOn) return deadlock
    observer?.stuck?.(deadlock)
    return undefined
  }

  /** A transition has been taken; results in what it violates if that ends the search. */
  private atViolation(): Violation | undefined {
    const { system } = this
    const { violation } = system
    if (violation === undefined) return undefined
    this.violated.add(violation.invariant)
    if (!this.goesOn) return violation
    this.options.observer?.violated?.(violation)
    system.clearViolation()
    return undefined
  }

  private lookUp(): void {
    this.visited.addAll(this.batch, this.waiting)
    this.waiting = 0
  }

  private report(violation: Violation | undefined, complete: boolean, full = false): Exploration {
    const { visited, transitions, depth, violated, packer } = this
    return {
      states: visited.count,
      transitions,
      depth,
      violation,
      violated,
      bytes: visited.bytes,
      packedBits: packer.bits,
      complete,
      full,
    }
  }
}
