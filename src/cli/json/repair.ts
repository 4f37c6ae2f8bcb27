/** What `repair` prints with `--json`. */
import { z } from 'zod'
import { REPAIR_KINDS } from '../../repair/vocabulary.ts'
import { count, problems } from './parts.ts'

const insertion = z.object({
  word: z.string(),
  part: z.string(),
  /** Who runs the part. */
  side: z.enum(['guest', 'host']),
  at: z.enum(['begin', 'end', 'step']),
  /** The step that it is put before, or in place of. */
  step: z.object({ name: z.string(), nth: count }).nullable(),
})

const cure = z.object({
  insertions: z.array(insertion),
  sentence: z.string(),
  kinds: z.array(z.enum(REPAIR_KINDS)),
  cost: z.object({ gracePeriods: z.number(), ipis: z.number(), steps: z.number() }),
  /** Of the space that it passes. */
  workloads: count,
  states: count,
  /** Of how much of that space it is known that every fair run ends; why not of the rest, if there is a rest. */
  live: z.object({ workloads: count, states: count, notEstablished: z.string().nullable() }),
})

export const repairJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      policy: z.string(),
      invariant: z.string(),
      /** Of the space that a cure passes. */
      bounds: z.record(z.string(), z.unknown()),
      operations: count,
      /** All of the same size, the cheapest first. */
      cures: z.array(cure),
      tried: count,
      /** Candidates that were tried and are no cure, by what they were rejected for. */
      rejected: z.record(z.string(), count),
      /** Candidates that were not tried, for cheaper ones of their kind cure. */
      spared: count,
      /** Steps of the race that no word can be put at, because they are of the kernel and not of the policy. */
      outOfReach: z
        .array(
          z.object({
            cpu: count,
            operations: z.array(z.string()).readonly(),
            steps: z.array(count).readonly(),
          }),
        )
        .readonly(),
      states: count,
      seconds: z.number(),
      /** Why it is not established that nothing smaller cures, or that nothing does, if it is not. */
      notEstablished: z.string().nullable(),
    }),
  ),
  problems,
})
