/**
 * The format of a corpus case. Everything in it is seed-free but `found`, which is provenance: the workload and the
 * schedule are names, so a case survives changes of the generators and of code elsewhere.
 */
import { z } from 'zod'
import { boundsSchema } from '../scenario/bounds.ts'
import { explainedSchema } from './explained.ts'

/** The newest format that this version writes; it reads all of them. */
export const FORMAT = 2

/** The format that a case is written in is the oldest that has all that it says: 2 is 1 with `explained`. */
export const formatOf = ({ explained }: { explained?: unknown }): 1 | 2 => (explained === undefined ? 1 : 2)

const count = z.number().int().min(0)

export const caseSchema = z.strictObject({
  format: z.literal([1, 2]),
  /** Policy, invariant and a digest of the race: also the name of the file. */
  id: z.string().regex(/^[a-z0-9-]+$/),
  policy: z.string(),
  /** The policy's options, where they are not the defaults. */
  options: z.record(z.string(), z.unknown()).optional(),
  invariant: z.string(),
  /** What happened, in one sentence. */
  explanation: z.string(),
  bounds: boundsSchema,
  /** Operations by CPU. */
  workload: z.array(z.array(z.strictObject({ op: z.string(), page: count.optional() }))),
  schedule: z
    .array(
      z.strictObject({
        /** The transition: who, and which of the things that it could do. */
        do: z.string(),
        /** What the code asked for in it. */
        step: z.string(),
        /** Absent for the workload's own steps; `policy` for what a repair may change, `hardware` for how an access came about. */
        by: z.enum(['policy', 'hardware']).optional(),
      }),
    )
    .min(1),
  /** How many of the last steps go round for ever, where that is the violation. Absent from all other cases. */
  cycle: count.min(1).optional(),
  size: z.strictObject({ operations: count, vcpus: count, switches: count, steps: count }),
  minimality: z.enum(['minimal', 'local']),
  /** The proof of minimality: what was searched. */
  certificate: z
    .strictObject({
      scope: z.enum(['all-workloads', 'sub-workloads']),
      workloads: count,
      states: count,
      /** The largest machine searched, where the race came out on a smaller one. */
      machine: z.strictObject({ vcpus: count, pcpus: count }).optional(),
    })
    .optional(),
  /** Which steps matter and whose order is the bug, where that was established. Only in format 2. */
  explained: explainedSchema.optional(),
  /** What replaying the case should end in, where that does not follow from the policy's own claim. */
  expect: z.enum(['reproduced', 'fixed']).optional(),
  /** Where it was first found. */
  found: z
    .strictObject({ seed: z.number(), strategy: z.string(), run: count, version: z.string() })
    .optional(),
  /** Of all of the above but `expect` and `found`. */
  digest: z.string(),
})

export type Case = z.infer<typeof caseSchema>
