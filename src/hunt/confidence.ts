/**
 * What a random search without a race is worth. Two things can be said. Of the runs by PCT, its promise holds: for a
 * race of depth d among n actors, a run that draws its change points from k steps hits it with probability at least
 * 1 / (n k^(d-1)), if its workload can show it within these k steps (see pct.ts; a race that also needs some pick among
 * several transitions of one actor takes that much more luck). Of all workloads with their runs, whatever the strategy,
 * the rate at which they show races is bounded by having seen none, which says nothing of races that need more luck
 * than that (Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 1983).
 */

/** The setting of PCT's promise. */
export interface PctPromise {
  /** Races of this depth or less. */
  readonly depth: number
  /** The n of the paper: actors of the machine. */
  readonly actors: number
  /** The k of the paper, in steps. */
  readonly length: number
}

/**
 * The probability, at most, that so many runs of PCT on one workload all miss a race that the workload can show:
 * (1 - 1 / (n k^(d-1)))^runs.
 */
export function missProbability({ depth, actors, length }: PctPromise, runs: number): number {
  return (1 - 1 / (actors * length ** (depth - 1))) ** runs
}

export interface PctConfidence extends PctPromise {
  /** Workloads that were drawn, and runs of PCT that each had. */
  readonly workloads: number
  readonly runsPerWorkload: number
}

/**
 * The probability, at most, that a search misses a race that a share of the workloads can show, of those that it draws: each
 * drawn one shows it with probability `share`, and is missed then by all of its runs.
 */
export function missedOf(confidence: PctConfidence, share: number): number {
  const { workloads, runsPerWorkload } = confidence
  const missed = missProbability(confidence, runsPerWorkload)
  return (1 - share + share * missed) ** workloads
}

/** The share of workloads from which on a race is missed with at most this probability; undefined if not even of all. */
export function shareMissedAt(confidence: PctConfidence, probability: number): number | undefined {
  const hit = 1 - missProbability(confidence, confidence.runsPerWorkload)
  const share = (1 - probability ** (1 / confidence.workloads)) / hit
  return share <= 1 ? share : undefined
}

/**
 * With 95 % confidence, workloads drawn like these show a race in their runs at a lower rate than this, if none of so many
 * did: 1 - 0.05^(1/n), which is about 3/n.
 */
export const rateBound = (workloads: number): number => 1 - 0.05 ** (1 / workloads)

export interface Confidence {
  /** Workloads that were drawn and had all their runs, without a race. */
  readonly workloads: number
  /** Runs that each had, by whatever strategy. */
  readonly runsPerWorkload: number
  /** By the depths that PCT was used with. */
  readonly pct: readonly PctConfidence[]
}
