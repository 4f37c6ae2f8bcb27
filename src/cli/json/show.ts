/** What `replay` and `show` print with `--json`; `show` explains and generalizes where that is asked for. */
import { z } from 'zod'
import { count, notEstablished, problems } from './parts.ts'

export const replayJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      policy: z.string(),
      outcome: z.enum(['reproduced', 'fixed', 'diverged']),
      expected: z.enum(['reproduced', 'fixed']),
      step: count,
      reason: z.string(),
    }),
  ),
  problems,
})

/** Steps by their number in the diagram, from 1. */
const pair = z.object({
  before: count,
  after: count,
  why: z.enum(['program', 'cause', 'race']),
})

export const explainedJson = z.object({
  marks: z.union([
    z
      .array(
        z.object({
          essential: z.boolean(),
          order: z.enum(['irrelevant', 'matters', 'fixed', 'not established']),
          value: z.enum(['irrelevant', 'matters', 'none']),
        }),
      )
      .readonly(),
    notEstablished,
  ]),
  edges: z.union([z.array(pair).readonly(), notEstablished]),
})

/** How many, in decimal digits: it may be more than a number holds. */
const many = z.string().regex(/^\d+$/)

export const generalizedJson = z.union([
  z.object({ orders: many, failing: many, extensions: many, pairs: z.array(pair).readonly() }),
  notEstablished,
])

export const showJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      policy: z.string(),
      invariant: z.string(),
      diagram: z.string(),
      /** With `--explain`. */
      explained: explainedJson.optional(),
      /** With `--generalize`. */
      generalized: generalizedJson.optional(),
    }),
  ),
  problems,
})
