/**
 * Schedules as turns: somebody goes on for so many transitions, then somebody else. A turn whose owner waits, or has
 * nothing left to do, ends early, and after the last turn the first who can go on does; so a schedule keeps its
 * meaning when the workload under it shrinks. What host and hardware do in between is not part of it.
 */
import { z } from 'zod'
import type { Random } from 'fast-check'
import { defaultBounds } from '../scenario/bounds.ts'
import { PlainArbitrary } from './plain.ts'
import { listShape, recordShape, type Shape } from './shape.ts'

export interface Turn {
  /** The vCPU that goes on, or `rcu`: deferred frees whose grace period is over. */
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
  /** Turns of a drawn schedule, at most. Default 8. */
  readonly turns?: number
}

/** Schedules. The measure is the number of turns, then turn by turn: its steps, its pick, its beginning, its owner. */
export function schedules(limits: ScheduleLimits = {}): PlainArbitrary<Schedule> {
  return new PlainArbitrary(scheduleShape(limits))
}

const BEGINNINGS = [undefined, 'interrupt', 'exit'] as const

/** One turn in so many begins with something else than a step, picks another outcome, or is RCU's. */
const SELDOM = 5

/** A drawn turn has up to 2 to this power steps: half of them are this short, and some reach past any operation. */
const LONGEST = 4

export function scheduleShape({ vcpus = defaultBounds.vcpus, turns = 8 }: ScheduleLimits): Shape<Schedule> {
  const turnOf = (who: number, steps: number, first: number, pick: number): Turn => ({
    who: who === vcpus ? 'rcu' : who,
    steps,
    ...(BEGINNINGS[first] === undefined ? {} : { first: BEGINNINGS[first] }),
    ...(pick === 0 ? {} : { pick }),
  })
  const seldom = (random: Random): boolean => random.nextInt(1, SELDOM) === 1
  const turn = recordShape<Turn>({
    schema: z.strictObject({
      who: z.union([
        z
          .int()
          .min(0)
          .max(vcpus - 1),
        z.literal('rcu'),
      ]),
      steps: z.int().min(1),
      first: z.enum(['interrupt', 'exit']).optional(),
      pick: z.int().min(0).optional(),
    }),
    least: [1, 0, 0, 0],
    encode: ({ who, steps, first, pick = 0 }) => [
      steps,
      pick,
      BEGINNINGS.indexOf(first),
      who === 'rcu' ? vcpus : who,
    ],
    decode: ([steps, pick, first, who]) => turnOf(who, steps, first, pick),
    draw: (random) =>
      turnOf(
        seldom(random) ? vcpus : random.nextInt(0, vcpus - 1),
        random.nextInt(1, 2 ** random.nextInt(0, LONGEST)),
        seldom(random) ? random.nextInt(1, 2) : 0,
        seldom(random) ? 1 : 0,
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
