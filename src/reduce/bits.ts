/** Sets of words, as rows of bits. */
export type Bits = Uint32Array

export const emptyBits = (size: number): Bits => new Uint32Array(Math.max(1, Math.ceil(size / 32)))

export const setBit = (bits: Bits, i: number): void => void (bits[i >> 5] |= 1 << (i & 31))

export function meet(x: Bits, y: Bits): boolean {
  for (let i = 0; i < x.length; i++) if (x[i] & y[i]) return true
  return false
}

/** Adds `more` to `bits`; true if that makes a difference. */
export function join(bits: Bits, more: Bits): boolean {
  let grew = false
  for (let i = 0; i < bits.length; i++) {
    if (more[i] & ~bits[i]) grew = true
    bits[i] |= more[i]
  }
  return grew
}
