/**
 * The random numbers of the explorers: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47, 2021), seeded by splitmix32. Deterministic on every machine; never Math.random.
 */
import { mix } from './mix.ts'

export class Random {
  private s0 = 0
  private s1 = 0
  private s2 = 0
  private s3 = 0

  constructor(seed: number) {
    this.seed(seed)
  }

  seed(seed: number): void {
    let z = seed | 0
    const split = (): number => {
      z = (z + 0x9e3779b9) | 0
      return mix(z)
    }
    this.s0 = split()
    this.s1 = split()
    this.s2 = split()
    this.s3 = split() | 1
  }

  /** 32 random bits, as a signed integer. */
  next(): number {
    const mixed = Math.imul(this.s1, 5)
    const result = Math.imul((mixed << 7) | (mixed >>> 25), 9)
    const shifted = this.s1 << 9
    this.s2 ^= this.s0
    this.s3 ^= this.s1
    this.s1 ^= this.s2
    this.s0 ^= this.s3
    this.s2 ^= shifted
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21)
    return result
  }

  /** A number from 0 to n-1 (n below 65,536; the bias of the multiply-shift is below n / 2^32). */
  below(n: number): number {
    return Math.floor(((this.next() >>> 0) / 0x100000000) * n)
  }
}

/**
 * The seed of stream `number` of a seed: streams of neighbouring numbers have nothing in common that anybody could see
 * (the finalizer of MurmurHash3, Appleby 2011, which every bit of its argument reaches all bits of the result through).
 */
export function seedOfStream(seed: number, number: number): number {
  let h = 0
  for (const word of [seed, number]) {
    h = (h ^ word) + 0x9e3779b9
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    h ^= h >>> 16
  }
  return h
}
