/**
 * What a case keeps of the explanation of its race, for readers of the file and for tools: marks as the diagram has them
 * in its margin, the pairs of steps whose order is the bug, and how many orders fail. Nothing is kept of what was not
 * established.
 */
import { z } from 'zod'
import type { Explanation } from '../explain/explain.ts'
import { isEstablished } from '../explain/limits.ts'
import { tellMark } from '../explain/tell.ts'

/** In decimal digits: it may be more than a number holds. */
const many = z.string().regex(/^\d+$/)
/** A step by its number, from 1. */
const step = z.number().int().min(1)

export const explainedSchema = z.strictObject({
  /** By step: `E` if it is essential, `O` if its order matters, `V` if its value does; see src/explain/marks.ts. */
  marks: z.array(z.string().regex(/^[E-][O -][V -]$/)),
  /** Steps that the bug is the order of. */
  edges: z.array(z.strictObject({ before: step, after: step })),
  /** Orders of the steps, those that fail, and those that keep to what the failing ones have in common. */
  orders: z.strictObject({ all: many, failing: many, extensions: many }),
})

/** What a case keeps of an explanation; undefined where not all of it is established. */
export function keptOf({ explained, generalized }: Explanation): z.infer<typeof explainedSchema> | undefined {
  const { marks, edges } = explained
  if (!isEstablished(marks) || !isEstablished(edges) || !isEstablished(generalized)) return undefined
  const { orders, failing, extensions } = generalized
  return {
    marks: marks.map(tellMark),
    edges: edges.map(({ before, after }) => ({ before, after })),
    orders: { all: `${orders}`, failing: `${failing}`, extensions: `${extensions}` },
  }
}
