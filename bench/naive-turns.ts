/**
 * How the naive race takes turns: one await of fast-check's scheduler for each atomic step, and a list of those who
 * wait for something that a step may bring about. Nothing here knows what the steps do, or who takes them.
 */
import type { Scheduler } from 'fast-check'

export interface Tally {
  steps: number
}

export interface Turns {
  /** Waits for a turn in which `ready` holds; what follows, up to the next await, is the step. */
  step(label: string, ready: () => boolean): Promise<void>
  /** Makes whoever waits look again; a step does so by itself. */
  wake(): void
  /** Starts something that the race does not wait for until its end. */
  start(task: Promise<void>): void
  /** Everything that was started has ended. */
  allEnded(): Promise<unknown>
}

export function makeTurns(s: Scheduler, tally: Tally): Turns {
  const blocked: (() => void)[] = []
  const started: Promise<void>[] = []
  const wake = (): void => {
    for (const look of blocked.splice(0)) look()
  }
  return {
    wake,
    async step(label, ready) {
      // The step before this one is over: what somebody waits for may have come true by it.
      wake()
      do {
        while (!ready()) await new Promise<void>((look) => void blocked.push(look))
        await s.schedule(Promise.resolve(), label)
      } while (!ready())
      tally.steps++
    },
    start: (task) => void started.push(task.then(wake)),
    allEnded: () => Promise.all(started),
  }
}
