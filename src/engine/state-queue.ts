/** States that are taken in the order in which they were put, in chunks that are given back when they were taken. */
import { release, type MemoryLimit } from './memory.ts'

/** States of a chunk; the first one is smaller, so that small searches stay small. */
const CHUNK = 1 << 13
const FIRST_CHUNK = 1 << 8

export class StateQueue {
  private readonly size: number
  private readonly memory: MemoryLimit | undefined
  private readonly chunks: Int32Array<ArrayBuffer>[]
  /** Where the next state is put in the last chunk, and where the next one is taken in the first. */
  private end = 0
  private begin = 0

  /** `size` is the number of elements of a state. */
  constructor(size: number, memory?: MemoryLimit) {
    this.size = size
    this.memory = memory
    this.chunks = [new Int32Array(FIRST_CHUNK * size)]
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Puts the state at `states[from ..]`. */
  put(states: Int32Array, from: number): void {
    const { size, chunks } = this
    let chunk = chunks[chunks.length - 1]
    if (this.end === chunk.length) {
      this.memory?.ask(CHUNK * size * Int32Array.BYTES_PER_ELEMENT)
      chunk = new Int32Array(CHUNK * size)
      chunks.push(chunk)
      this.end = 0
    }
    for (let i = 0; i < size; i++) chunk[this.end + i] = states[from + i]
    this.end += size
  }

  /** Takes the state that was put first of those not taken yet; there must be one. */
  take(into: Int32Array): void {
    const { size, chunks } = this
    if (this.begin === chunks[0].length) {
      release(chunks.shift()!)
      this.begin = 0
    }
    const chunk = chunks[0]
    for (let i = 0; i < size; i++) into[i] = chunk[this.begin + i]
    this.begin += size
  }

  /** Gives the memory back; the queue must not be used after that. */
  free(): void {
    for (const chunk of this.chunks) release(chunk)
  }
}
