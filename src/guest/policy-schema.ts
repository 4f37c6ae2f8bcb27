/** What can be checked of a policy, and of the options that it is given, before it runs. */
import { z } from 'zod'
import { fail } from '../errors.ts'
import type { Code } from '../engine/step.ts'
import { machineConfigSchema } from '../machine/config.ts'
import type { AnyPolicy } from './policy.ts'

/** Steps are run one by one, by results that are handed in: a promise has no place there. */
const isAsync = (v: unknown): boolean => Object.prototype.toString.call(v).startsWith('[object Async')

const generator = z.custom<(...args: never[]) => Code>((v) => typeof v === 'function' && !isAsync(v), {
  error: ({ input }) =>
    isAsync(input)
      ? 'expected a generator method, but it is async; take the word "async" away (steps are run with `yield*`, never awaited)'
      : 'expected a generator method',
})

const kebab = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected a kebab-case name such as "my-policy"')

/** What can be checked of a policy before it runs. */
export const policySchema = z.strictObject({
  name: kebab,
  summary: z.string().min(1),
  expected: z.enum(['safe', 'broken']).optional(),
  breaks: z.string().optional(),
  fixedBy: z.string().optional(),
  options: z
    .custom<z.ZodType>((v) => v === undefined || v instanceof z.ZodType, 'expected a zod schema')
    .optional(),
  chosen: z.unknown().optional(),
  symmetric: z.union([z.boolean(), z.literal('cpus')]).optional(),
  shared: z
    .record(z.string(), z.object({ kind: z.enum(['one', 'per-cpu']), max: z.number(), initial: z.number() }))
    .optional(),
  boot: generator.optional(),
  gather: generator.optional(),
  flush: generator,
  flushRemote: generator.optional(),
  freeTable: generator.optional(),
  finish: generator.optional(),
  interrupts: z
    .record(z.string(), generator)
    .refine((all) => Object.keys(all).length < 8, 'expected at most 7')
    .optional(),
  nmi: generator.optional(),
  hypercalls: z.record(z.string(), generator).optional(),
  onVcpuEntry: generator.optional(),
  onVcpuExit: generator.optional(),
  onEptViolation: generator.optional(),
  operations: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected a name such as "turn_key"'),
      z.strictObject({
        summary: z.string(),
        run: generator,
        subject: z.enum(['page', 'region', 'none']).optional(),
        needs: z.enum(['lazy', 'switching', 'cpumask', 'spaces']).optional(),
        as: z.enum(['load', 'once']).optional(),
      }),
    )
    .optional(),
  workload: z.array(z.string()).min(1).optional(),
  machine: machineConfigSchema
    .omit({ pages: true, spaces: true })
    .extend({ groups: z.array(z.array(z.number())) })
    .partial()
    .strict()
    .optional(),
  invariants: z
    .array(
      z.object({
        name: kebab,
        sentence: z.string(),
        holds: z.custom((v) => typeof v === 'function', 'expected a function'),
      }),
    )
    .optional(),
})

/** Options checked against a policy's schema; its defaults for what is not given. */
export function optionsOf(policy: AnyPolicy, given: unknown = policy.chosen ?? {}): unknown {
  if (policy.options === undefined) return undefined
  const schema: z.ZodType = policy.options instanceof z.ZodObject ? policy.options.strict() : policy.options
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw fail.policyOptions(policy.name, issue.path.join('.') || 'options', issue.message)
}
