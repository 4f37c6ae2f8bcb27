/** Flat arrays that grow. */

/** A copy of an array with room for `length` elements, by default for twice as many; those that are new are 0. */
export function enlarged(array: Int32Array, length?: number): Int32Array<ArrayBuffer>
export function enlarged(array: Uint8Array, length?: number): Uint8Array<ArrayBuffer>
export function enlarged(
  array: Int32Array | Uint8Array,
  length = array.length * 2,
): Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> {
  const larger = array instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length)
  larger.set(array)
  return larger
}
