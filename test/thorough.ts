/**
 * How much of a long list of like cases a run looks at. `npx vitest run` takes a part of each, so that it stays short;
 * with SHOOTDOWN_TESTS=thorough, which the gate sets, it takes all; with SHOOTDOWN_TESTS=full, the proofs that take many
 * minutes each are as large as they are claimed to be.
 */
export const full: boolean = process.env['SHOOTDOWN_TESTS'] === 'full'
export const thorough: boolean = full || process.env['SHOOTDOWN_TESTS'] === 'thorough'

/** About `count` of the cases, evenly spread; all of them in a thorough run. */
export function some<T>(cases: readonly T[], count: number): readonly T[] {
  if (thorough || cases.length <= count) return cases
  return Array.from({ length: count }, (_, i) => cases[Math.floor((i * cases.length) / count)])
}

/** What a property adds to its options so that a short run leaves speculation to the thorough one. */
export const unlessThorough = thorough ? {} : { bounds: { speculation: 0 } }
