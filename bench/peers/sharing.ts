/** Two workers against one: the same counts, and how much sooner. */
import { strict as assert } from 'node:assert'
import type { Floor, Row } from '../report.ts'
import { contest, floorOf, oursFrom, rowsOf, timesAsFast } from './contest.ts'

const AT_LEAST = 1.7

/** Runs a task of `workers.ts` with one worker and with two; `unit` is what it counts. */
export async function sharing(
  task: 'verify' | 'hunt',
  unit: string,
  what: string,
  repetitions: number,
): Promise<{ rows: Row[]; floor: Floor }> {
  const contenders = {
    one: { title: `shootdown, ${task}, one worker`, run: () => oursFrom('workers.ts', task, 1) },
    two: { title: `shootdown, ${task}, two workers`, run: () => oursFrom('workers.ts', task, 2) },
  }
  const results = await contest(contenders, repetitions)
  const [first, ...others] = [...results.values()].flat()
  for (const { counts } of others) assert.deepEqual(counts, first.counts, task)
  return {
    rows: rowsOf(contenders, results, [unit]),
    floor: floorOf(contenders, results, ['two', 'one'], { what, atLeast: AT_LEAST }, timesAsFast),
  }
}
