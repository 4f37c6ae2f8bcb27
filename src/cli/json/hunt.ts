/** What `hunt` prints with `--json`. */
import { z } from 'zod'
import { claim, count, minimality } from './parts.ts'

export const raceJson = z.object({
  id: z.string(),
  /** Where the case is kept; null if it could not be written. */
  file: z.string().nullable(),
  invariant: z.string(),
  explanation: z.string(),
  minimality,
  scope: z.enum(['all-workloads', 'sub-workloads']).nullable(),
  operations: count,
  vcpus: count,
  switches: count,
  steps: count,
  diagram: z.string(),
  certificate: z.object({ workloads: count, states: count }).nullable(),
  /** Why there is no certificate, if there is none. */
  unproven: z.enum(['too large', 'time', 'stopped', 'not asked for']).nullable(),
  foundBy: z.string(),
  run: count,
})

/** An estimate and its 95 % interval; `high` is null where there is no upper end. */
const interval = z.object({ low: z.number(), about: z.number(), high: z.number().nullable() })

export const huntRowJson = z.object({
  policy: z.string(),
  /** `error` where the hunt could not be carried out. */
  verdict: z.enum(['race', 'clean', 'error']),
  expected: claim,
  strategy: z.string(),
  seed: count,
  runs: count,
  steps: count,
  seconds: z.number(),
  /** True if it was ended before its runs, or its enumeration, and proofs were done. */
  interrupted: z.boolean(),
  witnesses: z.array(z.string()),
  races: z.array(raceJson),
  /** How large the space is: workloads, states, and the seconds that enumerating it would take. */
  space: z.object({ workloads: interval, states: interval, seconds: interval }).optional(),
  covered: z
    .object({
      how: z.enum(['sampled', 'enumerated']),
      workloads: count,
      /** Shares of the space: of its workloads, and of its states (by the estimates). */
      workloadShare: z.number().optional(),
      states: count,
      stateShare: z.number().optional(),
    })
    .optional(),
  /** What it is worth that random runs met no race: see the package's `missProbability` and `rateBound`. */
  confidence: z
    .object({
      workloads: count,
      runsPerWorkload: count,
      /** Below this rate workloads show a race in their runs, with 95 % confidence. */
      rateBelow: z.number(),
      pct: z.array(
        z.object({
          depth: count,
          actors: count,
          length: count,
          workloads: count,
          runsPerWorkload: count,
          /** A race that every workload can show was missed with a probability below this. */
          missedBelow: z.number(),
        }),
      ),
    })
    .optional(),
  /** Why it could not be carried out, if it could not. */
  error: z.string().optional(),
})

export const huntJson = z.object({ hunts: z.array(huntRowJson), problems: z.array(z.string()) })
