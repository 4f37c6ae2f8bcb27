/** Permutations of CPUs, and pairs of them as bits. */

/** All permutations of 0 .. n-1, as lists of images; the first leaves all in place. */
export function permutations(n: number): number[][] {
  if (n === 0) return [[]]
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, i) => [...rest.slice(0, n - 1 - i), n - 1, ...rest.slice(n - 1 - i)]),
  )
}

/** The bit of a pair i < j. */
export const pairBit = (i: number, j: number): number => 1 << ((j * (j - 1)) / 2 + i)

/** The bits of all pairs of n. */
export const allPairs = (n: number): number => 2 ** ((n * (n - 1)) / 2) - 1

/** True if the pairs in `pairs` are those of the classes of an equivalence, so that they generate what they should. */
export function isTransitive(pairs: number, n: number): boolean {
  const has = (i: number, j: number): boolean => (pairs & pairBit(Math.min(i, j), Math.max(i, j))) !== 0
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++)
        if (i !== j && j !== k && i !== k && has(i, j) && has(j, k) && !has(i, k)) return false
  return true
}

/** True if a permutation moves numbers only within the classes that `pairs` makes. */
export const isWithin = (permutation: readonly number[], pairs: number): boolean =>
  permutation.every((to, i) => to === i || (pairs & pairBit(Math.min(i, to), Math.max(i, to))) !== 0)
