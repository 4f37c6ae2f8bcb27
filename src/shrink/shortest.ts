/**
 * The smallest schedule of a workload that violates an invariant: fewest context switches, then fewest steps. A search
 * in the order of (switches, steps) over states and the actor that moved last (Dijkstra 1959; costs are compared field
 * by field). Its result depends on the system and the invariant alone, so equal races become equal.
 */
import { Packer, Widened } from '../engine/pack.ts'
import { StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { packerFor } from '../explore/exhaustive.ts'

export interface Cost {
  readonly switches: number
  readonly steps: number
}

export interface Shortest {
  /** The smallest violating schedule, if there is one within the limit. */
  readonly found: { readonly schedule: Int32Array; readonly violation: Violation; readonly cost: Cost } | undefined
  /** States looked at, told apart by the actor that moved last. */
  readonly states: number
  /** False if the search was given up because it grew too large. */
  readonly complete: boolean
}

export interface ShortestOptions {
  readonly invariant: string
  /** Only schedules strictly smaller than this are looked for. */
  readonly below?: Cost
  readonly maxStates?: number
}

export const smaller = (a: Cost, b: Cost): boolean => a.switches < b.switches || (a.switches === b.switches && a.steps < b.steps)

const UNLIMITED: Cost = { switches: Infinity, steps: Infinity }

export function shortest(system: System, options: ShortestOptions): Shortest {
  system.reset()
  const packer = packerFor(system)
  for (;;) {
    try {
      return new Search(system, packer, options).run()
    } catch (thrown) {
      if (!(thrown instanceof Widened)) throw thrown
    }
  }
}

class Search {
  private readonly system: System
  private readonly packer: Packer
  private readonly options: ShortestOptions
  private readonly visited: StateSet
  private readonly parent: number[] = []
  private readonly via: number[] = []
  private readonly switches: number[] = []
  private readonly steps: number[] = []
  private readonly settled: boolean[] = []
  /** Queue: by switches, then by steps. */
  private readonly layers: number[][][] = []
  private best: { cost: Cost; from: number; transition: number; violation: Violation } | undefined
  private limit: Cost

  constructor(system: System, packer: Packer, options: ShortestOptions) {
    this.system = system
    this.packer = packer
    this.options = options
    this.visited = new StateSet(packer.size + 1)
    this.limit = options.below ?? UNLIMITED
  }

  run(): Shortest {
    const { system, visited, options } = this
    const { maxStates = 2_000_000 } = options
    const enabled = new Int32Array(MAX_ENABLED)
    system.reset()
    this.reach(-1, 0, -1, 0, 0)
    for (let k = 0; k < this.layers.length; k++) {
      const layer = this.layers[k]
      for (let s = 0; s < layer.length; s++) {
        for (const node of layer[s] ?? []) {
          if (this.settled[node] || this.switches[node] !== k || this.steps[node] !== s) continue
          this.settled[node] = true
          this.expand(node, enabled)
          if (visited.count > maxStates) return { found: undefined, states: visited.count, complete: false }
        }
        layer[s] = []
      }
    }
    return { found: this.best === undefined ? undefined : this.unwind(), states: visited.count, complete: true }
  }

  private expand(node: number, enabled: Int32Array): void {
    const { system, visited, packer } = this
    const here = new Int32Array(system.state.length)
    packer.unpack(visited.chunk(node), visited.offset(node), here)
    const last = visited.chunk(node)[visited.offset(node) + packer.size] - 1
    system.state.set(here)
    const count = system.enabled(enabled)
    if (system.progress === 0 && !system.final()) {
      this.consider(node, -1, { switches: this.switches[node], steps: this.steps[node] }, system.deadlock())
    }
    const transitions = enabled.slice(0, count)
    for (const transition of transitions) {
      const actor = system.actor(transition)
      const cost = { switches: this.switches[node] + (last >= 0 && actor !== last ? 1 : 0), steps: this.steps[node] + 1 }
      if (!smaller(cost, this.limit)) continue
      system.state.set(here)
      system.apply(transition)
      const { violation } = system
      if (violation === undefined) this.reach(node, transition, actor, cost.switches, cost.steps)
      else {
        system.clearViolation()
        this.consider(node, transition, cost, violation)
      }
    }
  }

  private consider(from: number, transition: number, cost: Cost, violation: Violation): void {
    if (violation.invariant !== this.options.invariant || !smaller(cost, this.limit)) return
    this.best = { cost, from, transition, violation }
    this.limit = cost
  }

  /** The system is in a state that `actor` brought it to; queues it if this is the cheapest way there so far. */
  private reach(from: number, transition: number, actor: number, switches: number, steps: number): void {
    const { visited, packer } = this
    packer.pack(this.system.state, visited.probe, 0)
    visited.probe[packer.size] = actor + 1
    let node = visited.add()
    if (node < 0) {
      node = -1 - node
      const known = { switches: this.switches[node], steps: this.steps[node] }
      if (this.settled[node] || !smaller({ switches, steps }, known)) return
    }
    this.parent[node] = from
    this.via[node] = transition
    this.switches[node] = switches
    this.steps[node] = steps
    this.settled[node] = false
    while (this.layers.length <= switches) this.layers.push([])
    ;(this.layers[switches][steps] ??= []).push(node)
  }

  private unwind(): { schedule: Int32Array; violation: Violation; cost: Cost } {
    const { from, transition, violation, cost } = this.best!
    const schedule: number[] = transition >= 0 ? [transition] : []
    for (let node = from; this.parent[node] >= 0; node = this.parent[node]) schedule.push(this.via[node])
    return { schedule: Int32Array.from(schedule.reverse()), violation, cost }
  }
}
