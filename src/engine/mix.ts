/** A bijection of 32-bit integers that leaves no pattern behind (splitmix32's finalizer). */
export function mix(value: number): number {
  let t = value ^ (value >>> 16)
  t = Math.imul(t, 0x21f0aaad)
  t ^= t >>> 15
  t = Math.imul(t, 0x735a2d97)
  return t ^ (t >>> 15)
}
