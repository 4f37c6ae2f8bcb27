/**
 * A fact about the hardware as an experiment with a verdict: whether some execution reaches the outcome in question.
 * `yes` must be found, and where hardware has no choice its opposite `never` must not be; `no` must not be found in any
 * execution, while its twin `sometimes` is: the same programs do come close to what never happens.
 */
import { expect } from 'vitest'
import { experiment, type Experiment, type ExperimentOptions } from '../../src/experiment/experiment.ts'
import type { SharedDeclaration } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'

export type Verdict = 'yes' | 'no'
export const yes = 'yes'
export const no = 'no'

type Predicate = (...outcome: number[]) => boolean

type Scenario<D extends Record<string, SharedDeclaration>> = ExperimentOptions<D> & {
  /** The outcome in question. */
  readonly reached: Predicate
}

export interface Fact {
  readonly id: number
  readonly title: string
  readonly verdict: Verdict
  /** Runs the experiment and asserts the verdict. */
  check(): void
}

/** A fact that is reached by some execution. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- the words of an experiment that declares none
export function fact<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  id: number,
  title: string,
  verdict: 'yes',
  scenario: Scenario<D> & { readonly never?: Predicate },
): Fact
/** A fact that is reached by none, with a twin that is. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- as above
export function fact<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  id: number,
  title: string,
  verdict: 'no',
  scenario: Scenario<D> & { readonly sometimes: Predicate },
): Fact
export function fact<const D extends Record<string, SharedDeclaration>>(
  id: number,
  title: string,
  verdict: Verdict,
  scenario: Scenario<D> & { readonly sometimes?: Predicate; readonly never?: Predicate },
): Fact {
  const { reached, sometimes, never, ...options } = scenario
  const check = (): void => {
    const done: Experiment = experiment(options)
    expect(done.deadlocks).toEqual([])
    const among = `among the outcomes ${done.outcomes.map((outcome) => `[${outcome.join(', ')}]`).join(' ')}`
    expect(done.reachable(reached), among).toBe(verdict === yes)
    if (never !== undefined) expect(done.reachable(never), `never, ${among}`).toBe(false)
    if (sometimes !== undefined) expect(done.reachable(sometimes), `sometimes, ${among}`).toBe(true)
  }
  return { id, title, verdict, check }
}

/** Hardware that does all that it may do on its own: walks ahead of need, and forgets. */
export const restless = { speculation: 1, eviction: true } as const

/** An address that is not canonical. */
export const nowhere = -1

/** Reads a page: true if it reached the frame of the start. */
export function* readsOld(cpu: X86, page = 0): Code<boolean> {
  return (yield* cpu.read(page)).frame === cpu.frame(page)
}
