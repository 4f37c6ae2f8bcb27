/** What the shapes of several commands have in common. */
import { z } from 'zod'

export const count: z.ZodNumber = z.number().int().min(0)

/** What is stated of a policy. */
export const claim = z.enum(['safe', 'broken']).nullable()

/** A case, or a run without end, is proved to be the smallest, or is not. */
export const minimality = z.enum(['minimal', 'local'])

/** Files that could not be worked on. */
export const problems = z.array(z.object({ file: z.string(), error: z.string() }))

/** What would have cost more than the limits allow, and why: as part of a sentence. */
export const notEstablished = z.object({ notEstablished: z.string() })

/** What searches have cost, also where they came to nothing. */
export const spent = z.object({ workloads: count, states: count })
