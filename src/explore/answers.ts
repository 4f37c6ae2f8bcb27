/**
 * What a memory knows of its states besides where they lead: what their transitions touch, which statements those are,
 * what is abstract about them. Only some strategies ask, so a state is looked at when they first do. States and their
 * edges are numbered by the memory, which puts the system into the state before it is looked at.
 */
import { enlarged } from '../engine/enlarged.ts'
import { EVERYTHING } from '../engine/footprint.ts'
import type { System } from '../engine/system.ts'

/** What can be known of a state: its edges, the state itself. */
const EDGES = 1
const STATE = 2

export class Answers {
  private readonly system: System
  /** By edge. */
  private footprints = new Int32Array(0)
  private sites = new Int32Array(0)
  /** By state: what is known, and its abstraction. */
  private known = new Uint8Array(0)
  private abstractions = new Int32Array(0)

  constructor(system: System) {
    this.system = system
  }

  knowsEdges(node: number): boolean {
    return node < this.known.length && (this.known[node] & EDGES) !== 0
  }

  knowsState(node: number): boolean {
    return node < this.known.length && (this.known[node] & STATE) !== 0
  }

  footprint(edge: number): number {
    return this.footprints[edge]
  }

  site(edge: number): number {
    return this.sites[edge]
  }

  abstraction(node: number): number {
    return this.abstractions[node]
  }

  /** The system is in state `node`, whose edges are those from `first` to `end`, by number of the edge. */
  lookAtEdges(node: number, transitions: Int32Array, first: number, end: number): void {
    this.note(node, EDGES)
    if (this.footprints.length < end) {
      this.footprints = enlarged(this.footprints, transitions.length)
      this.sites = enlarged(this.sites, transitions.length)
    }
    for (let edge = first; edge < end; edge++) {
      this.footprints[edge] = this.system.footprint?.(transitions[edge]) ?? EVERYTHING
      this.sites[edge] = this.system.site?.(transitions[edge]) ?? 0
    }
  }

  /** The system is in state `node`. */
  lookAtState(node: number): void {
    this.note(node, STATE)
    this.abstractions[node] = this.system.abstraction?.() ?? 0
  }

  /** States are numbered anew. */
  forget(): void {
    this.known.fill(0)
  }

  private note(node: number, what: number): void {
    if (node >= this.known.length) {
      const length = Math.max(1024, 2 * node)
      this.known = enlarged(this.known, length)
      this.abstractions = enlarged(this.abstractions, length)
    }
    this.known[node] |= what
  }
}
