/** What `liveness` prints with `--json`. */
import { z } from 'zod'
import { claim, count, minimality } from './parts.ts'

export const policyLivenessJson = z.object({
  policy: z.string(),
  /** `not established` where a graph was too large or the search was ended early, `error` where it could not be carried out. */
  verdict: z.enum(['live', 'deadlock', 'livelock', 'not established', 'error']),
  expected: claim,
  bounds: z.record(z.string(), z.unknown()),
  operations: count,
  workloads: count,
  /** Of these workloads, those whose graphs were too large. */
  givenUp: count,
  states: count,
  transitions: count,
  seconds: z.number(),
  /** The smallest fair run that never ends. */
  lasso: z
    .object({
      /** Where the case is kept; null if it could not be written. */
      file: z.string().nullable(),
      invariant: z.string(),
      explanation: z.string(),
      minimality,
      operations: count,
      vcpus: count,
      switches: count,
      /** Of the stem, and of one turn of the cycle. */
      steps: count,
      /** Of the cycle alone; 0 where nobody can move. */
      cycle: count,
      diagram: z.string(),
    })
    .nullable(),
  /** Why it could not be carried out, if it could not. */
  error: z.string().optional(),
})

/** One policy gives its object itself; several give `{ liveness: [...] }`. */
export const livenessJson = z.union([policyLivenessJson, z.object({ liveness: z.array(policyLivenessJson) })])
