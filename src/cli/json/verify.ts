/** What `verify` prints with `--json`. */
import { z } from 'zod'
import { claim, count } from './parts.ts'

export const verificationJson = z.object({
  policy: z.string(),
  /** `incomplete` where the search was given up or ended early, `error` where it could not be carried out. */
  verdict: z.enum(['safe', 'race', 'incomplete', 'error']),
  expected: claim,
  bounds: z.record(z.string(), z.unknown()),
  operations: count,
  workloads: count,
  states: count,
  transitions: count,
  depth: count,
  /** Workloads whose states were made fewer by scheduling symmetry. */
  reduced: count,
  seconds: z.number(),
  witnesses: z.array(z.string()),
  race: z.object({ invariant: z.string(), explanation: z.string(), diagram: z.string() }).nullable(),
  /** Why it could not be carried out, if it could not. */
  error: z.string().optional(),
})

/** One policy gives its object itself; several give `{ verifications: [...] }`. */
export const verifyJson = z.union([verificationJson, z.object({ verifications: z.array(verificationJson) })])
