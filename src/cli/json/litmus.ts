/** What `litmus` prints with `--json`. */
import { z } from 'zod'
import { count } from './parts.ts'

const failedTest = z.object({ path: z.string(), reason: z.string() })

export const litmusCheckJson = z.object({
  /** Tests that were compared with their row. */
  tests: count,
  equal: count,
  unequal: z.array(
    z.object({
      path: z.string(),
      /** States of the table that are not reached. */
      missing: z.array(z.string()),
      /** States that are reached and not in the table. */
      extra: z.array(z.string()),
      verdict: z.object({ expected: z.string(), found: z.string() }),
    }),
  ),
  /** Tests that could not be read or run. */
  failed: z.array(failedTest),
  /** Rows of the table that there is no file for. */
  rowsWithoutFile: z.array(z.string()),
  /** Files that there is no row for. */
  filesWithoutRow: z.array(z.string()),
})

export const litmusRunJson = z.object({
  tests: count,
  results: z.array(
    z.object({
      path: z.string(),
      name: z.string(),
      quantifier: z.enum(['exists', '~exists', 'forall']),
      verdict: z.enum(['Allow', 'Forbid', 'Require']),
      keys: z.array(z.string()),
      /** Final states: values in the order of the keys, separated by commas. */
      states: z.array(z.string()),
      /** States that the search went through. */
      explored: count,
    }),
  ),
  failed: z.array(failedTest),
})

/** With `--verdicts` the first, without it the second. */
export const litmusJson = z.union([litmusCheckJson, litmusRunJson])
