/**
 * The smallest schedule of a workload that violates an invariant: fewest context switches, then fewest steps. A search
 * in the order of (switches, steps) over states and the actor that moved last (Dijkstra 1959; costs are compared field
 * by field). Its result depends on the system and the invariant alone, so equal races become equal.
 */
import { enlarged } from '../engine/enlarged.ts'
import type { Learned } from '../engine/learned.ts'
import { isOutOfMemory, type MemoryLimit } from '../engine/memory.ts'
import type { Packer } from '../engine/pack.ts'
import { Restart } from '../engine/restart.ts'
import { StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { packerFor } from '../explore/learn.ts'
import { learnedFor, packedWithGiven } from '../explore/learned-packed.ts'
import { Frontier, MAX_STATES } from './frontier.ts'

export interface Cost {
  readonly switches: number
  readonly steps: number
}

export interface Shortest {
  /** The smallest violating schedule, if there is one within the limit. */
  readonly found:
    | { readonly schedule: Int32Array; readonly violation: Violation; readonly cost: Cost }
    | undefined
  /** States looked at, told apart by the actor that moved last. */
  readonly states: number
  /** False if the search was given up because it grew too large: nothing was found then, but something may be there. */
  readonly complete: boolean
}

export interface ShortestOptions {
  readonly invariant: string
  /** Only schedules strictly smaller than this are looked for. */
  readonly below?: Cost
  readonly maxStates?: number
  /** Give the search up where it would take more memory. */
  readonly memory?: MemoryLimit | undefined
}

/** Bytes that a node takes in the arrays below and in the frontier. */
const NODE_BYTES = 24

/** Flat arrays that one search leaves to the next. */
class Scratch {
  readonly frontier = new Frontier()
  /** Per node: where it was reached from, by which transition, at which cost; -1 - cost once it is settled. */
  parent = new Int32Array(1 << 12)
  via = new Int32Array(1 << 12)
  cost = new Float64Array(1 << 12)

  room(node: number, memory: MemoryLimit | undefined): void {
    if (node < this.parent.length) return
    memory?.ask(2 * this.parent.length * NODE_BYTES)
    this.parent = enlarged(this.parent)
    this.via = enlarged(this.via)
    const cost = new Float64Array(this.parent.length)
    cost.set(this.cost)
    this.cost = cost
  }
}

const scratch = new Scratch()

const STEP = Frontier.cost(0, 1)
const SWITCH = Frontier.cost(1, 0)

export function shortest(system: System, options: ShortestOptions): Shortest {
  system.reset()
  const packer = packerFor(system)
  for (;;) {
    const search = new Search(system, packer, options)
    try {
      return search.run()
    } catch (thrown) {
      if (isOutOfMemory(thrown)) return search.givenUp()
      if (!(thrown instanceof Restart)) throw thrown
    } finally {
      search.end()
    }
  }
}

class Search {
  private readonly system: System
  private readonly packer: Packer
  private readonly options: ShortestOptions
  private readonly visited: StateSet
  /** The state that is expanded, unpacked and packed. */
  private readonly here: Int32Array
  private readonly packed: Int32Array
  private readonly enabled = new Int32Array(MAX_ENABLED)
  private best: { from: number; transition: number; violation: Violation } | undefined
  /** Only what costs less is of interest. */
  private limit: number

  constructor(system: System, packer: Packer, options: ShortestOptions) {
    this.system = system
    this.packer = packer
    this.options = options
    this.visited = new StateSet(packer.size * 4 + 1, options.memory)
    this.here = new Int32Array(system.state.length)
    this.packed = packedWithGiven(system, packer)
    const { below } = options
    this.limit =
      below === undefined ? Infinity : Frontier.cost(below.switches, Math.min(below.steps, MAX_STATES))
  }

  run(): Shortest {
    const { system, visited } = this
    const maxStates = Math.min(this.options.maxStates ?? 2_000_000, MAX_STATES - 1)
    const { frontier } = scratch
    frontier.clear()
    system.reset()
    this.here.set(system.state)
    this.packer.pack(system.state, visited.probe)
    this.reach(-1, 0, -1, 0)
    for (let node = frontier.take(); node >= 0 && frontier.taken < this.limit; node = frontier.take()) {
      if (scratch.cost[node] !== frontier.taken) continue
      this.expandAny(node, frontier.taken)
      scratch.cost[node] = -1 - frontier.taken
      if (visited.count > maxStates) return this.givenUp()
    }
    return {
      found: this.best === undefined ? undefined : this.unwind(),
      states: visited.count,
      complete: true,
    }
  }

  givenUp(): Shortest {
    return { found: undefined, states: this.visited.count, complete: false }
  }

  /** Gives back the memory of the states. */
  end(): void {
    this.visited.free()
  }

  private expandAny(node: number, cost: number): void {
    const { system, visited, packer, packed } = this
    visited.fetch(node)
    for (let word = 0; word < packer.size; word++) packed[word] = visited.probe[word]
    const last = visited.probe[packer.size] - 1
    const learned = learnedFor(system, packer)
    if (learned === undefined) this.expand(node, cost, last)
    else this.expandAsLearned(learned, node, cost, last)
  }

  /** Expands the state at hand, which `last` brought about, by what is known of its transitions. */
  private expandAsLearned(learned: Learned, node: number, cost: number, last: number): void {
    const { system, visited, packer, packed } = this
    const { offers, effects } = learned
    const { transitions, numbers } = offers
    const { probe } = visited
    const count = learned.enabled(packed)
    if (learned.progress === 0) {
      packer.unpack(packed, system.state)
      if (!system.final()) this.consider(node, -1, cost, system.deadlock())
    }
    for (let i = 0; i < count; i++) {
      const actor = system.actor(transitions[i])
      const next = cost + (last >= 0 && actor !== last ? SWITCH : 0) + STEP
      if (next >= this.limit) continue
      const effect = learned.effect(packed, numbers[i])
      const outside = effects.outside[effect]
      for (const note of outside?.notes ?? []) note()
      if (outside?.violation !== undefined) {
        this.consider(node, transitions[i], next, outside.violation)
        continue
      }
      for (let word = 0; word < packer.size; word++) probe[word] = packed[word]
      effects.change(effect, probe, 0)
      this.reach(node, transitions[i], actor, next)
    }
  }

  /** Expands the state at hand, which `last` brought about, by taking its transitions. */
  private expand(node: number, cost: number, last: number): void {
    const { system, packer, packed, visited, here, enabled } = this
    packer.unpackChanging(packed, system.state, here)
    const count = system.enabled(enabled)
    if (system.progress === 0 && !system.final()) this.consider(node, -1, cost, system.deadlock())
    for (let i = 0; i < count; i++) {
      const transition = enabled[i]
      const actor = system.actor(transition)
      const next = cost + (last >= 0 && actor !== last ? SWITCH : 0) + STEP
      if (next >= this.limit) continue
      system.apply(transition)
      const { violation } = system
      if (violation === undefined) {
        packer.repack(system.state, here, packed, visited.probe, 0)
        this.reach(node, transition, actor, next)
      } else {
        system.state.set(here)
        system.clearViolation()
        this.consider(node, transition, next, violation)
      }
    }
  }

  private consider(from: number, transition: number, cost: number, violation: Violation): void {
    if (violation.invariant !== this.options.invariant || cost >= this.limit) return
    this.best = { from, transition, violation }
    this.limit = cost
  }

  /** The probe is a state that `actor` brings about; queues it if this is the cheapest way there so far. */
  private reach(from: number, transition: number, actor: number, cost: number): void {
    const { visited, packer } = this
    visited.probe[packer.size] = actor + 1
    let node = visited.add()
    if (node >= 0) scratch.room(node, this.options.memory)
    else {
      node = -1 - node
      const known = scratch.cost[node]
      if (known < 0 || known <= cost) return
    }
    scratch.parent[node] = from
    scratch.via[node] = transition
    scratch.cost[node] = cost
    scratch.frontier.add(node, cost)
  }

  private unwind(): { schedule: Int32Array; violation: Violation; cost: Cost } {
    const { from, transition, violation } = this.best!
    const schedule: number[] = transition >= 0 ? [transition] : []
    for (let node = from; scratch.parent[node] >= 0; node = scratch.parent[node])
      schedule.push(scratch.via[node])
    const cost = { switches: Frontier.switches(this.limit), steps: Frontier.steps(this.limit) }
    return { schedule: Int32Array.from(schedule.reverse()), violation, cost }
  }
}
