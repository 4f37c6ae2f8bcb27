/**
 * A fact about the hardware as an experiment with a verdict: whether some execution reaches the outcome in question.
 * `yes` must be found, and where hardware has no choice its opposite `never` must not be; `no` must not be found in any
 * execution, while its twin `sometimes` is: the same programs do come close to what never happens. A fact can be asked
 * of a machine that breaks a rule: then it says what is wrong, if it depends on the rule.
 */
import { experiment } from '../../src/experiment/experiment.ts'
import type { Breakage, ExperimentOptions } from '../../src/experiment/options.ts'
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
  /** The number of a row of the outside table; words where the fact is one of our own. */
  readonly id: number | string
  readonly title: string
  readonly verdict: Verdict
  /** Runs the experiment: what is not as the fact says, or undefined. */
  wrong(breakage?: Breakage): string | undefined
}

/** A fact that is reached by some execution. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- the words of an experiment that declares none
export function fact<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  id: number | string,
  title: string,
  verdict: 'yes',
  scenario: Scenario<D> & { readonly never?: Predicate },
): Fact
/** A fact that is reached by none, with a twin that is. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- as above
export function fact<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  id: number | string,
  title: string,
  verdict: 'no',
  scenario: Scenario<D> & { readonly sometimes: Predicate },
): Fact
export function fact<const D extends Record<string, SharedDeclaration>>(
  id: number | string,
  title: string,
  verdict: Verdict,
  scenario: Scenario<D> & { readonly sometimes?: Predicate; readonly never?: Predicate },
): Fact {
  const { reached, sometimes, never, ...options } = scenario
  const wrong = (breakage?: Breakage): string | undefined => {
    const done = experiment({ ...options, breakage })
    if (done.deadlocks.length > 0) return done.deadlocks.join('; ')
    const claims = [
      ['reached', reached, verdict === yes],
      ['never', never, false],
      ['sometimes', sometimes, true],
    ] as const
    const failed = claims.find(([, predicate, holds]) => predicate && done.reachable(predicate) !== holds)
    if (failed === undefined) return undefined
    const outcomes = done.outcomes.map((outcome) => `[${outcome.join(', ')}]`).join(' ')
    return `"${failed[0]}" is ${failed[2] ? 'in none' : 'one'} of the outcomes ${outcomes}`
  }
  return { id, title, verdict, wrong }
}

/**
 * A fact about what code must do so that an invariant holds: with `careful` no execution violates any, without it one
 * does. The verdict is `no`: what the title says never happens to careful code.
 */
export function guarded<const D extends Record<string, SharedDeclaration>>(
  id: string,
  title: string,
  invariant: string,
  scenario: (careful: boolean) => ExperimentOptions<D>,
): Fact {
  const wrong = (breakage?: Breakage): string | undefined => {
    const careful = experiment({ ...scenario(true), breakage })
    if (careful.deadlocks.length > 0) return careful.deadlocks.join('; ')
    const [violation] = careful.violations.values()
    if (violation !== undefined) return `violates ${violation.invariant}: ${violation.explanation}`
    const careless = experiment({ ...scenario(false), breakage })
    return careless.violations.has(invariant) ? undefined : `nothing ever violates ${invariant}`
  }
  return { id, title, verdict: no, wrong }
}

/** Hardware that does all that it may do on its own: walks ahead of need, and forgets. */
export const restless = { speculation: 1, eviction: true } as const

/** An address that is not canonical. */
export const nowhere = -1

/** Reads a page: true if it reached the frame of the start. */
export function* readsOld(cpu: X86, page = 0): Code<boolean> {
  return (yield* cpu.read(page)).frame === cpu.frame(page)
}
