/**
 * How things are timed: contenders take turns within one run, each repetition beginning with another of them, and what
 * counts is the median. Time is CPU time of the whole process, user and system, so garbage collection and compilation
 * are paid for, and a busy neighbour costs nothing. Memory is not measured here, nor is start-up.
 */

/** What a contender did: how often, by name. */
export type Counts = Readonly<Record<string, number>>

/** One repetition of a contender. */
export interface Sample {
  /** CPU seconds. */
  readonly seconds: number
  readonly counts: Counts
}

/** All repetitions of all contenders, by name, in the order in which they were taken. */
export type Samples<Name extends string, S extends Sample = Sample> = Readonly<Record<Name, readonly S[]>>

export const REPETITIONS = 7
/** Rounds that come before, untimed: the compiler needs to have seen everything. */
const WARM_UP = 2

export function measure<Name extends string>(
  contenders: Readonly<Record<Name, () => Counts | Promise<Counts>>>,
  repetitions = REPETITIONS,
  warmUp = WARM_UP,
): Promise<Samples<Name>> {
  const names = Object.keys(contenders) as Name[]
  return takeTurns(names, (name) => timed(contenders[name]), repetitions, warmUp)
}

async function timed(contender: () => Counts | Promise<Counts>): Promise<Sample> {
  const begun = process.cpuUsage()
  const counts = await contender()
  const { user, system } = process.cpuUsage(begun)
  return { seconds: (user + system) / 1e6, counts }
}

/** Lets contenders that are timed in some way take turns. */
export async function takeTurns<Name extends string, S extends Sample>(
  names: readonly Name[],
  sample: (name: Name) => S | Promise<S>,
  repetitions: number,
  warmUp: number,
): Promise<Samples<Name, S>> {
  const samples = Object.fromEntries(names.map((name) => [name, [] as S[]])) as Record<Name, S[]>
  for (let round = -warmUp; round < repetitions; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + warmUp) % names.length]
      const taken = await sample(name)
      if (round >= 0) samples[name].push(taken)
    }
  }
  return samples
}

/** So many of a unit a CPU second: the median of the repetitions. */
export const rate = (samples: readonly Sample[], unit: string): number =>
  median(samples.map(({ counts, seconds }) => counts[unit] / seconds))

/** How many times the rate of another contender: the median over repetitions, each against the other's of its round. */
export const ratio = (
  samples: readonly Sample[],
  unit: string,
  others: readonly Sample[],
  ofOthers = unit,
): number => median(samples.map((sample, i) => rate([sample], unit) / rate([others[i]], ofOthers)))

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
