/** The hash of a packed state: its elements mixed, with the finalizer of MurmurHash3 (Appleby 2011). */
export function hash(states: Int32Array, from: number, size: number): number {
  let h = 0x9747b28c
  for (let i = from; i < from + size; i++) {
    h = Math.imul(h ^ states[i], 0x85ebca6b)
    h ^= h >>> 13
  }
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
