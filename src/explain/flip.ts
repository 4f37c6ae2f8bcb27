/**
 * Counterfactuals: a race's schedule with one step made different and the rest kept. Of the rest, a step that is not
 * possible any more was a consequence of the one that was changed, and is passed over.
 *
 * - *Dropped*: a step of code has no effect, and the code goes on with the result that the step had. Of what is joined
 *   to the step, locks and bookkeeping stay. A hypercall is not made at all. What is no step of code (an interrupt that
 *   is taken, a decision of the host, hardware at work) is left out of the schedule.
 * - *With another value*: a step of code has its effect, and the code is told another result.
 * - *Moved*: the step is taken earlier or later, all others in their order. Nothing is passed over then.
 */
import { ShootdownError } from '../errors.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import * as T from '../scenario/transition.ts'
import { doneIn, type Done } from './done.ts'
import type { RaceStep, Rerun } from './steps.ts'

export class Flips {
  private readonly rerun: Rerun
  /** By step: what code did in it, where code did something. */
  private readonly done: readonly (Done | undefined)[]

  constructor(rerun: Rerun) {
    this.rerun = rerun
    this.done = doneIn(rerun)
  }

  /** Whether the invariant still breaks when a step is dropped. */
  breaksWithout(step: RaceStep): boolean {
    const { rerun } = this
    const done = this.done[step.at]
    rerun.put(step.before)
    if (done === undefined) return this.finish(step.at + 1)
    return this.attempt(() => {
      if (done.asked.op === HYPERCALL) rerun.world.skip(done.cpu, done.result)
      else this.apply(step, done, () => done.result)
      return this.finish(step.at + 1)
    })
  }

  /** Whether the invariant still breaks when the code is told another result of a step. */
  breaksWith(step: RaceStep, value: number): boolean {
    const done = this.done[step.at]!
    this.rerun.put(step.before)
    return this.attempt(() => {
      this.apply(step, done, (execute) => (execute(), value))
      return this.finish(step.at + 1)
    })
  }

  /** Whether the invariant still breaks when a step is taken as the `to`th. */
  breaksAt(step: RaceStep, to: number): boolean {
    const { rerun } = this
    const order = rerun.steps.toSpliced(step.at, 1).toSpliced(to, 0, step)
    const first = Math.min(step.at, to)
    rerun.put(rerun.steps[first].before)
    for (const each of order.slice(first)) {
      if (!rerun.take(each)) return false
      const standing = rerun.standing()
      if (standing !== 'sound') return standing === 'broken'
    }
    return false
  }

  /**
   * The results that a step could have had instead: all that its kind of step has, where that is declared; otherwise all
   * that the same step results in when it is done at any other moment of the race.
   */
  otherValues(step: RaceStep): number[] {
    const done = this.done[step.at]
    if (done === undefined || done.asked.op === HYPERCALL) return []
    const { results } = done.asked
    const values = results > 0 ? Array.from({ length: results }, (_, value) => value) : this.seen(step, done)
    return [...new Set(values)].filter((value) => value !== done.result)
  }

  /** What a step results in at each moment of the race. */
  private seen(step: RaceStep, { cpu, asked }: Done): number[] {
    const { rerun } = this
    const { machine } = rerun.world
    const { op, a, b, c } = asked
    return rerun.steps.flatMap(({ before }) => {
      rerun.put(before)
      machine.alternative = T.detailOf(step.transition)
      try {
        return [machine.execute[op.code](cpu, a, b, c)]
      } catch (cause) {
        // It cannot be done then.
        if (cause instanceof ShootdownError) return []
        throw cause
      }
    })
  }

  /** Takes a step whose operation is done by `instead`, which can have it done as usual. */
  private apply(step: RaceStep, { cpu, asked }: Done, instead: (usual: () => number) => number): void {
    const { world } = this.rerun
    const { execute } = world.machine
    const { code } = asked.op
    const usual = execute[code]
    execute[code] = (v, a, b, c) => {
      const isIt = v === cpu && a === asked.a && b === asked.b && c === asked.c
      return isIt ? instead(() => usual(v, a, b, c)) : usual(v, a, b, c)
    }
    try {
      world.apply(step.transition)
    } finally {
      execute[code] = usual
    }
  }

  /** Takes what is possible of the steps from one on; whether that breaks the invariant. */
  private finish(from: number): boolean {
    const { rerun } = this
    let standing = rerun.standing()
    for (let i = from; i < rerun.steps.length && standing === 'sound'; i++)
      if (rerun.take(rerun.steps[i])) standing = rerun.standing()
    return standing === 'broken'
  }

  /** Code that is told what it never is told in earnest may fail; then nothing breaks any more. */
  private attempt(run: () => boolean): boolean {
    try {
      return run()
    } catch (cause) {
      if (cause instanceof ShootdownError) return false
      throw cause
    }
  }
}
