/**
 * Systems of a few words for the tests of explorers: threads that run lists of steps on shared variables. They share
 * nothing with worlds but the interface, so that what is said of explorers does not hang on the machine.
 */
import type { System, Violation } from '../../src/engine/system.ts'

/** Variables of a tiny system. */
export type Variables = Int32Array

export interface TinyStep {
  /** When it can be done; always if absent. */
  readonly when?: (v: Variables) => boolean
  /** What it does; a string is the name of the invariant that it violates. A number is the step to go on with. */
  readonly run: (v: Variables, alternative: number) => string | number | void
  /** How many outcomes it has for the explorer to pick from. */
  readonly outcomes?: number
}

export interface TinyShape {
  readonly variables: number
  readonly initial?: readonly number[]
  readonly threads: readonly (readonly TinyStep[])[]
  /** What the environment may do as often as it can, but never has to. */
  readonly environment?: readonly TinyStep[]
}

export class Tiny implements System {
  readonly state: Int32Array
  readonly actors: number
  readonly beginnings = 0
  progress = 0
  violation: Violation | undefined
  private readonly shape: TinyShape
  private readonly variables: Variables

  constructor(shape: TinyShape) {
    const { threads, variables } = shape
    this.shape = shape
    this.state = new Int32Array(threads.length + variables)
    this.variables = this.state.subarray(threads.length)
    this.actors = threads.length + 1
    this.reset()
  }

  reset(): void {
    this.state.fill(0)
    this.variables.set(this.shape.initial ?? [])
    this.violation = undefined
  }

  enabled(out: Int32Array): number {
    const { threads, environment = [] } = this.shape
    let n = 0
    const add = (step: TinyStep | undefined, at: number): void => {
      if (step === undefined || step.when?.(this.variables) === false) return
      for (let i = 0; i < (step.outcomes ?? 1); i++) out[n++] = at * 16 + i
    }
    threads.forEach((steps, thread) => add(steps[this.state[thread]], thread))
    this.progress = n
    environment.forEach((step, i) => add(step, threads.length + i))
    return n
  }

  apply(transition: number): void {
    const { threads, environment = [] } = this.shape
    const at = transition >> 4
    const step = at < threads.length ? threads[at][this.state[at]] : environment[at - threads.length]
    const came = step.run(this.variables, transition & 15)
    if (at < threads.length) this.state[at] = typeof came === 'number' ? came : this.state[at] + 1
    if (typeof came === 'string') this.violation = { invariant: came, explanation: `thread ${at}` }
  }

  clearViolation(): void {
    this.violation = undefined
  }

  final(): boolean {
    return this.shape.threads.every((steps, thread) => this.state[thread] >= steps.length)
  }

  deadlock(): Violation {
    const stuck = this.shape.threads.flatMap((steps, i) => (this.state[i] < steps.length ? [i] : []))
    return { invariant: 'deadlock', explanation: `threads ${stuck.join(', ')} wait for ever` }
  }

  actor(transition: number): number {
    return Math.min(transition >> 4, this.shape.threads.length)
  }

  name(transition: number): string {
    return `thread ${transition >> 4}, outcome ${transition & 15}`
  }
}

/** Two threads that each add 1 by a load and a store of their own; the last to end looks at the sum. */
export function lostUpdate(): Tiny {
  const adder = (local: number): TinyStep[] => [
    { run: (v) => void (v[local] = v[0]) },
    { run: (v) => void (v[0] = v[local] + 1) },
    { run: (v) => (++v[3] === 2 && v[0] !== 2 ? 'lost-update' : undefined) },
  ]
  return new Tiny({ variables: 4, threads: [adder(1), adder(2)] })
}

/** Philosophers who take the fork on their left first; the last one takes the right one first if `polite`. */
export function philosophers(count: number, polite = false): Tiny {
  const take = (fork: number, who: number): TinyStep => ({
    when: (v) => v[fork] === 0,
    run: (v) => void (v[fork] = who + 1),
  })
  const put = (fork: number): TinyStep => ({ run: (v) => void (v[fork] = 0) })
  return new Tiny({
    variables: count,
    threads: Array.from({ length: count }, (_, who) => {
      const left = who
      const right = (who + 1) % count
      const [first, second] = polite && who === count - 1 ? [right, left] : [left, right]
      return [take(first, who), take(second, who), put(second), put(first)]
    }),
  })
}

/** Threads that only count their own steps: `lengths` steps each. */
export const counters = (...lengths: readonly number[]): Tiny =>
  new Tiny({
    variables: 1,
    threads: lengths.map((length) => Array.from({ length }, () => ({ run: () => undefined }))),
  })
