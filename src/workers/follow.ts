/**
 * Follows a plan with worker threads. Units are handed out in the order of their numbers and merged in that order, however
 * they come back, so what comes of them is what one thread would have come to. Which worker does what is not reproducible,
 * and no result depends on it.
 */
import { ShootdownError } from '../errors.ts'
import { follow, type Ending, type UnitResult } from '../plan/plan.ts'
import type { Work } from '../plan/work.ts'
import type { Thrown } from './messages.ts'
import type { Recipe } from './recipe.ts'
import { PATIENCE, Thread } from './thread.ts'
import { Units } from './units.ts'

/** Milliseconds between two questions whether to stop, where nothing else happens. */
const UNASKED = 20

/**
 * Does the units of a plan that has a recipe.
 *
 * A worker that is lost is no loss: its units are handed to another, or done here where nobody is left. A unit that ended
 * early though nobody stopped it, or failed otherwise than by a mistake in the policy, is done again here, with all others
 * gone: it lacked something that they had, such as memory.
 *
 * @throws whatever a unit throws, once all units before it are merged
 */
export async function followInWorkers(
  { plan, following }: Work,
  recipe: Recipe,
  workers: number,
): Promise<Ending> {
  let next = following.from ?? 0
  if (!plan.has(next)) return 'done'
  if (following.stop(undefined)) return 'stopped'
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const units = new Units(next, (unit) => plan.has(unit))
  /** What is there and not merged yet, by number. */
  const waiting = new Map<number, UnitResult | Thrown>()
  let wake = (): void => undefined
  const news = (): void => wake()
  let threads = Array.from({ length: workers }, () => new Thread({ recipe, flag, patience: PATIENCE }, news))
  let stopping = false
  try {
    for (;;) {
      threads.forEach(collect)
      threads = threads.filter(({ lost }) => !lost)
      const ending = merge()
      if (ending === 'alone') break
      if (ending !== undefined) return ending
      if (stopping && threads.every(({ doing }) => doing === undefined)) return 'stopped'
      if (threads.length === 0) break
      if (!stopping) threads.forEach(handOut)
      await something()
      if (!stopping && following.stop(undefined)) {
        stopping = true
        Atomics.store(flag, 0, 1)
      }
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()))
  }
  return follow(plan, {
    from: next,
    stop: (part) => following.stop(part),
    take: (result, unit) => following.take(result, unit),
  })

  /** Takes over what a worker has, and what a lost one had not. */
  function collect(thread: Thread): void {
    const done = thread.takeReport()
    if (done !== undefined) {
      const { batch, report } = done
      let unit = batch.from
      for (const result of report.results) waiting.set(unit++, result)
      if (report.thrown !== undefined) waiting.set(unit++, report.thrown)
      if (report.thrown !== undefined || report.results.at(-1)?.whole === false) units.endBehind(unit - 1)
      units.giveBack({ from: unit, to: batch.to })
    }
    if (thread.lost && thread.doing !== undefined) units.giveBack(thread.doing)
  }

  /** Merges what is next, as far as it is there. */
  function merge(): Ending | 'alone' | undefined {
    for (let result = waiting.get(next); result !== undefined; result = waiting.get(next)) {
      if ('code' in result) {
        if (result.code === undefined) return 'alone'
        throw new ShootdownError(result.code, result.message)
      }
      if (!result.whole && !stopping) return 'alone'
      waiting.delete(next)
      if (following.take(result, next)) return 'enough'
      if (!result.whole) return 'stopped'
      next++
      if (!plan.has(next)) return 'done'
      if (!stopping && following.stop(undefined)) return 'stopped'
    }
    return undefined
  }

  function handOut(thread: Thread): void {
    if (thread.doing !== undefined) return
    const batch = units.take(thread.size, next)
    if (batch !== undefined) thread.hand(batch)
  }

  /** Waits until a worker has something to say, or until it is time to ask whether to stop. */
  function something(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, UNASKED)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
