/**
 * Decision trees in flat arrays. A tree says what a function of a state comes to: an inner node asks for a word, each
 * value that was met there leads on, and a leaf is the number of an outcome. A function that depends on nothing but the
 * state asks for its next word by the values of those before, so a path that was taken once is right for all states
 * that take it.
 */
import { fail } from '../errors.ts'
import { enlarged } from './enlarged.ts'
import type { Placing } from './placing.ts'

/** What a tree says of a state that took a path which nobody has taken before. */
export const UNKNOWN = -1

/** A tree that is empty. Other trees are the place of their first node, or `~outcome` of one that asks for nothing. */
export const EMPTY = 0

/** Elements of a node: where its word lies in a state, its first edge, and how many there are; the word. */
const NODE = 8
const SHIFT = 1
const MASK = 2
const FIRST = 3
const LIMIT = 4
const WORD = 5

/** Values below this have an edge of their own, by value; others are looked up. */
const MAX_DIRECT = 1 << 12

export class Decisions {
  private nodes = new Int32Array(256 * NODE)
  private nodesEnd = NODE
  /** Where values lead: to a node, to `~outcome`, or nowhere yet (0). */
  private edges = new Int32Array(1 << 10)
  private edgesEnd = 0
  /** By node: edges of large and negative values. */
  private readonly others = new Map<number, Map<number, number>>()
  private readonly placing: Placing

  constructor(placing: Placing) {
    this.placing = placing
  }

  /** To be called when words lie elsewhere from now on. */
  arrange(): void {
    for (let at = NODE; at < this.nodesEnd; at += NODE) this.place(at)
  }

  /** The outcome that a tree has for a state, or UNKNOWN. */
  find(tree: number, S: Int32Array): number {
    const { nodes, edges } = this
    let at = tree
    while (at > 0) {
      const code = (S[nodes[at]] >>> nodes[at + SHIFT]) & nodes[at + MASK]
      at = code >>> 0 < nodes[at + LIMIT] ? edges[nodes[at + FIRST] + code] : this.other(at, code)
    }
    return ~at
  }

  /**
   * Adds a path to a tree: the words that were read, by what stands for their values, lead to `outcome`, whatever they led
   * to. Results in the tree.
   * @throws ShootdownError, which names `what`, if equal values led to another word before
   */
  plant(
    tree: number,
    words: readonly number[],
    codes: readonly number[],
    outcome: number,
    what: string,
  ): number {
    const last = words.length - 1
    if (last < 0 && tree > EMPTY) throw fail.impureStep(what)
    if (last < 0) return ~outcome
    const root = this.node(tree, words[0], what)
    let at = root
    for (let i = 0; i < last; i++) {
      const known = this.next(at, codes[i])
      const next = this.node(known, words[i + 1], what)
      if (known === EMPTY) this.link(at, codes[i], next)
      at = next
    }
    if (this.next(at, codes[last]) > EMPTY) throw fail.impureStep(what)
    this.link(at, codes[last], ~outcome)
    return root
  }

  /** The node that asks for a word: the one that is there, or a new one. */
  private node(at: number, word: number, what: string): number {
    if (at === EMPTY) return this.create(word)
    if (at < 0 || this.nodes[at + WORD] !== word) throw fail.impureStep(what)
    return at
  }

  private next(at: number, code: number): number {
    return code >>> 0 < this.nodes[at + LIMIT]
      ? this.edges[this.nodes[at + FIRST] + code]
      : this.other(at, code)
  }

  private other(at: number, code: number): number {
    return this.others.get(at)?.get(code) ?? EMPTY
  }

  private create(word: number): number {
    const at = this.nodesEnd
    this.nodesEnd += NODE
    if (this.nodesEnd > this.nodes.length) this.nodes = enlarged(this.nodes)
    this.nodes[at + WORD] = word
    this.place(at)
    return at
  }

  private place(at: number): void {
    const { nodes, placing } = this
    const word = nodes[at + WORD]
    nodes[at] = placing.place(word)
    nodes[at + SHIFT] = placing.shift(word)
    nodes[at + MASK] = placing.mask(word)
  }

  private link(at: number, code: number, next: number): void {
    if (code >>> 0 >= MAX_DIRECT) {
      const others = this.others.get(at) ?? new Map<number, number>()
      this.others.set(at, others.set(code, next))
      return
    }
    if (code >= this.nodes[at + LIMIT]) this.widen(at, code)
    this.edges[this.nodes[at + FIRST] + code] = next
  }

  /** Gives a node edges for all values up to one. */
  private widen(at: number, code: number): void {
    const { nodes } = this
    const limit = 2 ** (32 - Math.clz32(code | 1))
    while (this.edgesEnd + limit > this.edges.length) this.edges = enlarged(this.edges)
    const first = nodes[at + FIRST]
    this.edges.copyWithin(this.edgesEnd, first, first + nodes[at + LIMIT])
    nodes[at + FIRST] = this.edgesEnd
    nodes[at + LIMIT] = limit
    this.edgesEnd += limit
  }
}
