/**
 * How a space grows: the seed race with IPIs, one round and two preemptions, for more and more CPUs, by each way to search
 * it. A way that takes more than the limits at one size is not asked about larger ones.
 */
import { searches } from '../peers/searches.ts'
import { absence, ours } from '../peers/contest.ts'
import { spin, SPIN_MEBIBYTES } from '../peers/outside.ts'
import { GaveUp, type Taken, type Workshop } from '../peers/workshop.ts'

export const POLICY = 'ipi'
export const ROUNDS = 1
export const PREEMPTIONS = 2
export const CPUS: readonly number[] = [2, 3, 4, 5, 6]

export interface Limits {
  /** Of the CPU. */
  readonly seconds: number
  readonly mebibytes: number
}

export interface Point {
  readonly cpus: number
  readonly states: number
  readonly seconds: number
  /** Largest resident size of the process. */
  readonly bytes: number
}

export interface Series {
  readonly title: string
  readonly points: readonly Point[]
  /** The size at which it gave up, and why. */
  readonly gaveUp?: { readonly cpus: number; readonly why: string }
}

/** Hash bits of SPIN at each size; too few would slow it down. */
const LOG2_STATES: Readonly<Record<number, number>> = { 2: 10, 3: 14, 4: 19, 5: 24, 6: 27 }

type Measure = (cpus: number) => Taken

/** The ways, and how each is measured at a size. */
export function ways(shop: Workshop, { seconds, mebibytes }: Limits): Map<string, Measure> {
  const found = new Map<string, Measure>()
  for (const name of Object.keys(searches)) {
    found.set(name === 'full' ? 'shootdown' : `shootdown, ${name}`, (cpus) => {
      const taken = ours('protocol', POLICY, cpus, ROUNDS, PREEMPTIONS, name, seconds, mebibytes)
      if (taken.counts['complete'] === 1) return taken
      throw new GaveUp(
        taken.peak > mebibytes * 2 ** 20 ? `more than ${mebibytes} MiB` : `more than ${seconds} s`,
      )
    })
  }
  if (absence(spin.needs) === undefined) {
    found.set('SPIN', (cpus) => {
      const size = { cpus, rounds: ROUNDS, preemptions: PREEMPTIONS }
      return shop.time(spin.command(shop, POLICY, size, LOG2_STATES[cpus]), spin.count, seconds)
    })
  }
  return found
}

/** Measures one way at each size until it gives up; `tell` is told of each size. */
export function grow(title: string, measure: Measure, tell: (line: string) => void): Series {
  const points: Point[] = []
  for (const cpus of CPUS) {
    try {
      const { seconds, peak, counts } = measure(cpus)
      const point = { cpus, states: counts['states'], seconds, bytes: peak }
      points.push(point)
      tell(`${title}, ${cpus} CPUs: ${point.states} states, ${seconds.toFixed(2)} s, ${peak >> 20} MiB`)
    } catch (thrown) {
      if (!(thrown instanceof GaveUp)) throw thrown
      tell(`${title}, ${cpus} CPUs: gave up, ${thrown.message}`)
      return { title, points, gaveUp: { cpus, why: thrown.message } }
    }
  }
  return { title, points }
}

/** SPIN is built with a limit of its own. */
export const DEFAULT_LIMITS: Limits = { seconds: 300, mebibytes: SPIN_MEBIBYTES }
