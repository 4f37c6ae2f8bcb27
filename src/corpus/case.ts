/** Making a corpus case of a race, and checking one that was read. */
import { createHash } from 'node:crypto'
import { fail } from '../errors.ts'
import { diagramRows, raceSize } from '../report/race.ts'
import type { Race } from '../scenario/race.ts'
import type { Certificate } from '../shrink/certificate.ts'
import { FORMAT, caseSchema, formatOf, type Case } from './schema.ts'

/** JSON with sorted keys, so that equal content has equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return `{${entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
    .join(',')}}`
}

const digestOf = (value: unknown, length: number): string =>
  createHash('sha256').update(canonical(value)).digest('hex').slice(0, length)

/** Name of a case: the same for the same race, whatever found it. */
function idOf(
  core: Pick<Case, 'policy' | 'options' | 'invariant' | 'bounds' | 'workload' | 'schedule' | 'cycle'>,
): string {
  const { policy, options, invariant, bounds, workload, schedule, cycle } = core
  return `${policy}-${invariant}-${digestOf({ policy, options, invariant, bounds, workload, schedule, cycle }, 8)}`
}

function sealOf(content: Omit<Case, 'digest'>): string {
  const { expect: _expect, found: _found, ...sealed } = content
  return digestOf(sealed, 16)
}

/** The case that keeps a race; with its explanation, if that is given (see {@link keptOf}). */
export function makeCase(
  race: Race,
  certificate: Certificate | undefined,
  found?: Case['found'],
  explained?: Case['explained'],
): Case {
  const core = {
    policy: race.policy.name,
    ...(race.policy.chosen === undefined ? {} : { options: race.policy.chosen as Record<string, unknown> }),
    invariant: race.violation.invariant,
    bounds: race.bounds,
    workload: race.workload.map((ops) =>
      ops.map(({ op, page }) => (page === undefined ? { op } : { op, page })),
    ),
    schedule: diagramRows(race).map(({ name, main }) => ({
      do: name,
      step: main.asked,
      ...(main.ofPolicy ? { by: 'policy' as const } : main.ofHardware ? { by: 'hardware' as const } : {}),
    })),
    ...(race.cycle === undefined ? {} : { cycle: race.cycle }),
  }
  const content: Omit<Case, 'digest'> = {
    format: formatOf({ explained }),
    id: idOf(core),
    ...core,
    explanation: race.violation.explanation,
    size: raceSize(race),
    minimality: certificate === undefined ? 'local' : 'minimal',
    ...(certificate === undefined ? {} : { certificate: { ...certificate } }),
    ...(explained === undefined ? {} : { explained }),
    ...(found === undefined ? {} : { found }),
  }
  return caseSchema.parse({ ...content, digest: sealOf(content) })
}

/** Checks text that should be a case; `file` is named in what goes wrong. */
export function parseCase(file: string, text: string): Case {
  const read = parseUnsealed(file, text)
  const seal = resealed(read)
  if (read.digest !== seal) throw fail.corpusTampered(file, 'digest', read.digest, seal)
  return read
}

/** The digest that the content of a case gives. */
export function resealed({ digest: _digest, ...content }: Case): string {
  return sealOf(content)
}

/** Checks a case as {@link parseCase} does, but for its seal: for those who can tell what was changed under it. */
export function parseUnsealed(file: string, text: string): Case {
  let json: unknown
  try {
    // A seal does not tell -0 from 0, so nobody who reads the case may either.
    json = JSON.parse(text, (_key, value: unknown) => (value === 0 ? 0 : value))
  } catch (cause) {
    const problem = text.trim() === '' ? 'is empty' : `is no JSON (${(cause as Error).message})`
    throw fail.corpusRead(
      file,
      `${problem}; expected a corpus case, whole. Restore the file, or delete it and hunt again`,
    )
  }
  const format = typeof json === 'object' && json !== null ? (json as { format?: unknown }).format : undefined
  if (typeof format === 'number' && format > FORMAT) throw fail.corpusVersion(file, format, FORMAT)
  const parsed = caseSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue.path.join('.') || 'the case'
    throw fail.corpusRead(file, `"${field}": ${issue.message}. Restore the file, or delete it and hunt again`)
  }
  const { data } = parsed
  if (data.format !== formatOf(data))
    throw fail.corpusTampered(file, 'format', `${data.format}`, `${formatOf(data)}`)
  const id = idOf(data)
  if (data.id !== id) throw fail.corpusTampered(file, 'id', data.id, id)
  return data
}
