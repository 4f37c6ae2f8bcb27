/** What `policies`, `walk`, and a wrong use of any command print with `--json`. */
import { z } from 'zod'
import { claim, count } from './parts.ts'

export const policiesJson = z.object({
  policies: z.array(
    z.object({
      name: z.string(),
      summary: z.string(),
      expected: claim,
      breaks: z.string().nullable(),
      fixedBy: z.string().nullable(),
    }),
  ),
})

export const walkJson = z.object({
  rows: count,
  equal: count,
  unequal: z.array(z.object({ line: count, expected: z.string(), found: z.string() })).readonly(),
})

/** With `--json`, a wrong use prints this. */
export const errorJson = z.object({ error: z.object({ code: z.string(), message: z.string() }) })
