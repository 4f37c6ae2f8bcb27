/**
 * Store buffers: x86-TSO (Sewell et al. 2010, "x86-TSO: A Rigorous and Usable Programmer's Model"; SDM vol. 3, "Memory
 * Ordering"). Each CPU has a FIFO of the stores that it has executed and that nobody else can see yet. Its own loads
 * and page walks find the newest of them; memory gets the oldest one whenever the explorer says so. With depth 0 there
 * are none: a store reaches memory at once, and memory is sequentially consistent. Left out: buffers that let stores to
 * different words overtake each other; and stores of user code where frames hold no contents.
 */
import type { Layout } from '../engine/layout.ts'
import type { MachineConfig } from './config.ts'

/** What an operation asks of its CPU's buffer: room for one more store, or that all older stores have left it. */
export type Wants = 'room' | 'drained'

/** What store buffers need of the machine that they belong to. */
interface Around {
  readonly S: Int32Array
  readonly layout: Layout
  readonly config: MachineConfig
  readonly hooks: { quiescent(vcpu: number): void }
}

export class StoreBuffer {
  /** Stores that a CPU's buffer has room for; 0 for machines without store buffers. Devices have none. */
  readonly depth: number
  /** Told of every store before it reaches memory; results in what the word will hold. */
  arriving: (vcpu: number, word: number, value: number) => number = (_vcpu, _word, value) => value
  private readonly m: Around
  /** Per vCPU and place, oldest first: the word that is stored to, 0 where there is none; and the value. */
  private readonly words: number
  private readonly values: number

  constructor(m: Around) {
    const { vcpus, storeBuffer } = m.config
    this.m = m
    this.depth = storeBuffer
    this.words = m.layout.add('buffered store', vcpus * storeBuffer, 0x7fffffff)
    this.values = m.layout.add('buffered value', vcpus * storeBuffer, 0x7fffffff)
  }

  /** What `vcpu` sees in a word: its own newest store to it, or memory. */
  read(vcpu: number, word: number): number {
    const { m, depth } = this
    if (depth === 0 || vcpu >= m.config.vcpus) return m.S[word]
    const at = this.newest(vcpu, word)
    return at < 0 ? m.S[word] : m.S[at]
  }

  /** A store of `vcpu`; there must be room for it. */
  write(vcpu: number, word: number, value: number): void {
    const { m, depth, words, values } = this
    if (depth === 0 || vcpu >= m.config.vcpus) {
      m.S[word] = value
      return
    }
    let at = vcpu * depth
    while (m.S[words + at] !== 0) at++
    m.S[words + at] = word
    m.S[values + at] = value
  }

  /** True if a store of `vcpu` to this word is not visible to the others yet. */
  holds(vcpu: number, word: number): boolean {
    return vcpu < this.m.config.vcpus && this.newest(vcpu, word) >= 0
  }

  isEmpty(vcpu: number): boolean {
    const { m, depth } = this
    return depth === 0 || vcpu >= m.config.vcpus || m.S[this.words + vcpu * depth] === 0
  }

  isFull(vcpu: number): boolean {
    const { m, depth } = this
    return depth > 0 && vcpu < m.config.vcpus && m.S[this.words + vcpu * depth + depth - 1] !== 0
  }

  /** The word and the value of the oldest store of a buffer that is not empty. */
  oldest(vcpu: number): { word: number; value: number } {
    const at = vcpu * this.depth
    return { word: this.m.S[this.words + at], value: this.m.S[this.values + at] }
  }

  /** The oldest store of a buffer that is not empty becomes visible to all. */
  drain(vcpu: number): void {
    const { m, depth, words, values } = this
    const first = vcpu * depth
    const word = m.S[words + first]
    m.S[word] = this.arriving(vcpu, word, m.S[values + first])
    for (const field of [words, values]) {
      m.S.copyWithin(field + first, field + first + 1, field + first + depth)
      m.S[field + first + depth - 1] = 0
    }
    if (this.isEmpty(vcpu)) m.hooks.quiescent(vcpu)
  }

  /** What serializing events do that nobody can hold off: all stores of `vcpu` become visible. */
  drainAll(vcpu: number): void {
    while (!this.isEmpty(vcpu)) this.drain(vcpu)
  }

  /** Place of the newest buffered value of a word, or -1. */
  private newest(vcpu: number, word: number): number {
    const { m, depth, words, values } = this
    const first = vcpu * depth
    for (let at = first + depth - 1; at >= first; at--) if (m.S[words + at] === word) return values + at
    return -1
  }
}
