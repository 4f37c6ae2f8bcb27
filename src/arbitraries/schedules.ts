/**
 * Schedules as turns: somebody goes on for so many transitions, then somebody else. A turn whose owner waits, or has
 * nothing left to do, ends early, and after the last turn the first who can go on does; so a schedule keeps its
 * meaning when the workload under it shrinks. What host and hardware do in between is not part of it.
 */
import { z } from 'zod'
import type { Random } from 'fast-check'
import { defaultBounds } from '../scenario/bounds.ts'
import { PlainArbitrary } from './plain.ts'
import { listShape, natural, naturalBelow, recordShape, type Shape } from './shape.ts'

export interface Turn {
  /** The vCPU that goes on, or `rcu`: deferred frees whose grace period is over, and INVLPGBs that arrive. */
  readonly who: number | 'rcu'
  /** Transitions that it takes, at least 1. */
  readonly steps: number
  /** What the turn begins with where that is possible; otherwise with a step of the code, like the rest of the turn. */
  readonly first?: 'interrupt' | 'exit'
  /**
   * Where there are several transitions of a kind, the one of this number: outcome of an allocation, interrupt vector,
   * table to free. Counted modulo where there is none of this number. Default 0.
   */
  readonly pick?: number
}

export type Schedule = readonly Turn[]

export interface ScheduleLimits {
  /** Default 2. */
  readonly vcpus?: number
  /** Turns of a drawn schedule, at most. Default 5: a race needs few, and more of them get in each other's way. */
  readonly turns?: number
}

/** Schedules. The measure is the number of turns, then turn by turn: its steps, its pick, its beginning, its owner. */
export function schedules(limits: ScheduleLimits = {}): PlainArbitrary<Schedule> {
  return new PlainArbitrary(scheduleShape(limits))
}

const BEGINNINGS = [undefined, 'interrupt', 'exit'] as const

/** Steps of a drawn turn, at most: two in three stop somewhere in an operation, the third gets past most of them. */
const SHORT = 6
const LONG = 16

export function scheduleShape({ vcpus = defaultBounds.vcpus, turns = 5 }: ScheduleLimits): Shape<Schedule> {
  const turnOf = (who: number, steps: number, first: number, pick: number): Turn => ({
    who: who === vcpus ? 'rcu' : who,
    steps,
    ...(BEGINNINGS[first] === undefined ? {} : { first: BEGINNINGS[first] }),
    ...(pick === 0 ? {} : { pick }),
  })
  const oneIn = (random: Random, many: number): boolean => random.nextInt(1, many) === 1
  const drawOwner = (random: Random, before: Turn | undefined): number => {
    if (oneIn(random, 8)) return vcpus
    // Two turns of the same vCPU in a row are one longer turn.
    const others = Array.from({ length: vcpus }, (_, v) => v).filter((v) => vcpus === 1 || v !== before?.who)
    return others[random.nextInt(0, others.length - 1)]
  }
  const turn = recordShape<Turn>({
    schema: z.strictObject({
      who: z.union([naturalBelow(vcpus), z.literal('rcu')]),
      steps: z.int().min(1),
      first: z.enum(['interrupt', 'exit']).optional(),
      pick: natural.optional(),
    }),
    least: [1, 0, 0, 0],
    encode: ({ who, steps, first, pick = 0 }) => [
      steps,
      pick,
      BEGINNINGS.indexOf(first),
      who === 'rcu' ? vcpus : who,
    ],
    decode: ([steps, pick, first, who]) => turnOf(who, steps, first, pick),
    // A pending interrupt is as likely to be taken at once as later; kicks and other outcomes matter to few policies.
    draw: (random, _small, before) =>
      turnOf(
        drawOwner(random, before),
        random.nextInt(1, oneIn(random, 3) ? LONG : SHORT),
        oneIn(random, 2) ? 1 : oneIn(random, 4) ? 2 : 0,
        oneIn(random, 3) ? 1 : 0,
      ),
  })
  const list = listShape(turn, { count: turns })
  return {
    ...list,
    *smaller(schedule) {
      yield* list.smaller(schedule)
      yield* joined(schedule)
    },
  }
}

/** One turn less: its steps are taken in the turn of the same owner before, or in the one after. */
function* joined(schedule: Schedule): Generator<Schedule> {
  for (const [i, turn] of schedule.entries()) {
    const next = schedule.findIndex(({ who }, j) => j > i && who === turn.who)
    if (next < 0) continue
    const steps = turn.steps + schedule[next].steps
    yield schedule.with(i, { ...turn, steps }).toSpliced(next, 1)
    yield schedule.with(next, { ...schedule[next], steps }).toSpliced(i, 1)
  }
}
