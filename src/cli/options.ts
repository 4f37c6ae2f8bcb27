/** Options of the commands, checked before anything runs. */
import { z } from 'zod'
import { MemoryLimit } from '../engine/memory.ts'
import { fail } from '../errors.ts'
import { strategies } from '../explore/strategies.ts'
import { makeBounds, type Bounds } from '../scenario/bounds.ts'
import { MAX_WORKERS, type WorkerOptions } from '../workers/in-workers.ts'

const whole = (min: number, max: number): z.ZodNumber =>
  z
    .number(`a whole number from ${min} to ${max}`)
    .int(`a whole number from ${min} to ${max}`)
    .min(min, `a whole number from ${min} to ${max}`)
    .max(max, `a whole number from ${min} to ${max}`)

const SIZE = 'a size such as 500M or 2G'

const names = Object.keys(strategies)

/** What the commands understand; the texts are what was expected, for the sentence of a mistake. */
const optionsSchema = z.object({
  policy: z.union([z.string(), z.array(z.string())], 'the name of a policy').optional(),
  option: z.union([z.string(), z.array(z.string())], 'key=value').optional(),
  policyFile: z.string('the path of a TypeScript file').min(1, 'the path of a TypeScript file').optional(),
  runs: whole(1, 1_000_000_000).optional(),
  seed: whole(0, 0xffffffff).optional(),
  strategy: z.enum(names as [string, ...string[]], `one of ${names.join(', ')}`).optional(),
  cpus: whole(1, 6).optional(),
  pcpus: whole(1, 6).optional(),
  operations: whole(1, 6).optional(),
  preemptions: whole(0, 8).optional(),
  levels: whole(2, 5).optional(),
  speculation: whole(0, 8).optional(),
  storeBuffer: whole(0, 8).optional(),
  x2apic: z.boolean('no value').optional(),
  eviction: z.boolean('no value').optional(),
  migration: z.boolean('no value').optional(),
  vpid: z.boolean('no value').optional(),
  reduction: z.boolean('no value').optional(),
  gup: z.enum(['pte', 'pmd'], 'pte or pmd').optional(),
  time: z.number('a number of seconds above 0').positive('a number of seconds above 0').optional(),
  maxMemory: z
    .string(SIZE)
    .regex(/^\d+(\.\d+)?[KMG]$/i, SIZE)
    .optional(),
  workers: whole(1, MAX_WORKERS).optional(),
  resume: z.union([z.literal(true), z.string().min(1)], 'the path of a file, or no value').optional(),
  corpus: z.string('a folder').min(1, 'a folder').optional(),
  verdicts: z.string('the path of a table').optional(),
  explain: z.boolean('no value').optional(),
  generalize: z.boolean('no value').optional(),
  dryRun: z.boolean('no value').optional(),
  json: z.boolean('no value').optional(),
})

export type Options = z.infer<typeof optionsSchema>

/** Checks options as they were typed: unknown ones, and values that are not what they should be. */
export function checkOptions(typed: Readonly<Record<string, unknown>>): Options {
  const fields: Readonly<Record<string, z.ZodOptional>> = optionsSchema.shape
  const given: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(typed)) {
    if (!Object.hasOwn(fields, key))
      throw fail.badOption(flag(key), value, `one of ${Object.keys(fields).map(flag).join(', ')}`)
    given[key] = fields[key].unwrap() instanceof z.ZodNumber ? asNumber(value) : value
  }
  const result = optionsSchema.safeParse(given)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const key = String(issue.path[0])
  throw fail.badOption(flag(key), given[key], issue.message)
}

/** The number that a text says; anything else stays what it is, and is refused. */
function asNumber(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asNumber)
  if (typeof value !== 'string' || value.trim() === '') return value
  const number = Number(value)
  return Number.isFinite(number) ? number : value
}

/** The policy options that `--option key=value` gives; numbers and booleans are taken as such. */
export function policyOptions(options: Options): Record<string, unknown> {
  const pairs = [options.option ?? []].flat().map((text) => {
    const at = text.indexOf('=')
    if (at <= 0) throw fail.badOption('--option', text, 'key=value')
    const value = text.slice(at + 1)
    const plain = /^(true|false|-?\d+(\.\d+)?)$/.test(value) ? (JSON.parse(value) as unknown) : value
    return [text.slice(0, at), plain] as const
  })
  return Object.fromEntries(pairs)
}

/**
 * The limit that `--max-memory` sets.
 * @throws ShootdownError if the process holds more already
 */
export function memoryLimitOf({ maxMemory }: Options): MemoryLimit | undefined {
  if (maxMemory === undefined) return undefined
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[maxMemory.at(-1)!.toUpperCase() as 'K' | 'M' | 'G']
  const limit = new MemoryLimit(Number(maxMemory.slice(0, -1)) * unit)
  if (limit.exceeded) {
    const held = Math.ceil(limit.held / 2 ** 20)
    throw fail.badOption(
      '--max-memory',
      maxMemory,
      `more than the ${held}M that are taken before anything is searched`,
    )
  }
  return limit
}

/** Who does the searching. */
export const workersOf = ({ workers = 1, policyFile }: Options): WorkerOptions => ({ workers, policyFile })

const flag = (key: string): string =>
  key.startsWith('-') ? key : `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The bounds that the options name; the rest is for the policy and the defaults to say. */
export function boundsOf(options: Options): Partial<Bounds> {
  const { cpus, pcpus, preemptions, levels, speculation, eviction, migration, vpid, gup } = options
  const { storeBuffer, x2apic } = options
  const given: Record<string, unknown> = {
    vcpus: cpus,
    pcpus: pcpus ?? cpus,
    preemptions,
    levels,
    speculation,
    eviction,
    migration,
    vpid: vpid === false ? false : undefined,
    storeBuffer,
    x2apic,
    gupRecheck: gup,
  }
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  makeBounds(named)
  return named
}
