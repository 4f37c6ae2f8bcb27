/** What `corpus dedupe`, `minimize`, `why` and `recertify` print with `--json`. */
import { z } from 'zod'
import { problems, spent } from './parts.ts'

export const dedupeJson = z.object({
  /** True: nothing was removed. */
  dryRun: z.boolean(),
  /** Races that several files kept: the one that stays, and those that go. */
  races: z.array(z.object({ kept: z.string(), removed: z.array(z.string()) })),
  /** Files of cases that no proof was come by for: they were compared as they stand. */
  unproven: z.array(z.string()),
  /** What the searches for proofs have cost. */
  spent,
  problems,
})

export const minimizeJson = z.object({
  cases: z.array(
    z.object({
      /** The file that was given, and the one that keeps the race now. */
      from: z.string(),
      file: z.string(),
      id: z.string(),
      outcome: z.enum(['minimal', 'minimized', 'merged', 'not established']),
      spent,
    }),
  ),
  problems,
})

export const whyJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      sentences: z.array(z.string()).readonly(),
      replayed: z.enum(['reproduced', 'fixed', 'diverged']),
      expected: z.enum(['reproduced', 'fixed']),
      cure: z
        .object({
          policy: z.string(),
          /** Null if it could not be tried. */
          outcome: z.enum(['reproduced', 'fixed', 'diverged']).nullable(),
        })
        .nullable(),
    }),
  ),
  problems,
})

export const recertifyJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      verdict: z.enum(['holds', 'does not hold', 'not established', 'local']),
      spent,
      /** Fields of the file, with what they are there and what proving it again gives, as JSON or `nothing`. */
      differences: z.array(z.object({ field: z.string(), file: z.string(), proven: z.string() })).readonly(),
    }),
  ),
  problems,
})
