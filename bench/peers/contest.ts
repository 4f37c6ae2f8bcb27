/**
 * A contest: contenders that take turns, each run a process of its own, and what is said of them. A contender whose
 * tools are not installed, or that this package does not have yet, is left out, and with it what is compared with it.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { median, rate, takeTurns, type Sample } from '../measure.ts'
import type { Floor, Row } from '../report.ts'
import { missingTools, tellMissing, type Tool } from './tools.ts'
import { SOURCES, type Taken } from './workshop.ts'

export interface Contender {
  readonly title: string
  readonly run: () => Taken
  /** Why it cannot take part, if so. */
  readonly absent?: string | undefined
}

export type Results = ReadonlyMap<string, readonly Taken[]>

/** Runs those that can take part. */
export async function contest(
  contenders: Readonly<Record<string, Contender>>,
  repetitions: number,
): Promise<Results> {
  const present = Object.keys(contenders).filter((name) => contenders[name].absent === undefined)
  const samples = await takeTurns(present, (name) => contenders[name].run(), repetitions, 0)
  return new Map(Object.entries(samples))
}

/** Why an outside peer cannot take part, or undefined if it can. */
export const absence = (needs: readonly Tool[]): string | undefined => {
  const missing = missingTools(needs)
  return missing.length === 0 ? undefined : tellMissing(missing)
}

/** Runs a task of `ours.ts` in a fresh Node process. */
export const ours = (...words: readonly (string | number)[]): Taken => oursFrom('ours.ts', ...words)

/** Runs a task of another file beside it. */
export function oursFrom(file: string, ...words: readonly (string | number)[]): Taken {
  const args = [join(SOURCES, file), ...words.map(String)]
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const wall = (performance.now() - begun) / 1000
  if (status !== 0) throw new Error(`${args.join(' ')} ended with status ${status}:\n${stderr}`)
  return { wall, ...(JSON.parse(stdout) as Sample & { peak: number }) }
}

const MEBIBYTE = 1 << 20

/** A line of the table of a contest. */
function rowOf(title: string, taken: readonly Taken[], units: readonly string[]): Row {
  const seconds = taken.map((sample) => sample.seconds)
  return {
    who: title,
    'CPU s': median(seconds),
    from: Math.min(...seconds),
    to: Math.max(...seconds),
    'wall s': median(taken.map(({ wall }) => wall)),
    ...Object.fromEntries(units.map((unit) => [`${unit}/s`, rate(taken, unit)])),
    'peak MiB': Math.round(median(taken.map(({ peak }) => peak)) / MEBIBYTE),
  }
}

export const rowsOf = (
  contenders: Readonly<Record<string, Contender>>,
  results: Results,
  units: readonly string[],
): Row[] => [...results].map(([name, taken]) => rowOf(contenders[name].title, taken, units))

/** A floor whose value is computed from contenders, if all of them have taken part. */
export function floorOf(
  contenders: Readonly<Record<string, Contender>>,
  results: Results,
  names: readonly string[],
  floor: Omit<Floor, 'value'>,
  compute: (...taken: (readonly Taken[])[]) => number,
): Floor {
  const absent = names.find((name) => !results.has(name))
  if (absent === undefined) return { ...floor, value: compute(...names.map((name) => results.get(name)!)) }
  return { ...floor, notMeasured: contenders[absent].absent! }
}

/** How many times as fast: the median over rounds, each by the wall time of whole processes. */
export const timesAsFast = (ours: readonly Taken[], theirs: readonly Taken[]): number =>
  median(ours.map(({ wall }, i) => theirs[i].wall / wall))
