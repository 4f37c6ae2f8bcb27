/**
 * A trap is a situation that looks like a bug and is none. Its experiment must reach the situation and stay silent; its
 * neighbour, the same programs one step worse, must be flagged, so that silence does not come from sleep.
 */
import { expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import type { Experiment } from '../../src/experiment/experiment.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { Word } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import { flushNobody, nativeIpi } from '../../src/policies/index.ts'

type Outcome = (...outcome: number[]) => boolean

export interface Trap {
  /** The experiment, as it is or one step worse. */
  run(worse: boolean): Experiment
  /** The tempting situation. */
  readonly reached: Outcome
  /** What must not happen even here, though no invariant says so. */
  readonly never?: Outcome
  /** What the neighbour does, and the invariant that flags it: `deadlock` where it gets stuck. */
  readonly worse?: readonly [how: string, invariant: string]
}

export function trap(title: string, { run, reached, never, worse }: Trap): void {
  it(title, () => {
    const { violations, deadlocks, outcomes, reachable } = run(false)
    expect([...violations.values(), ...deadlocks]).toEqual([])
    const among = `among the outcomes ${outcomes.map((outcome) => `[${outcome.join(', ')}]`).join(' ')}`
    expect(reachable(reached), `reached, ${among}`).toBe(true)
    if (never !== undefined) expect(reachable(never), `never, ${among}`).toBe(false)
  })
  if (worse === undefined) return
  const [how, invariant] = worse
  it(`${title}; but ${how}`, () => {
    const { violations, deadlocks } = run(true)
    const flagged = deadlocks.length > 0 ? ['deadlock', ...violations.keys()] : [...violations.keys()]
    expect(flagged).toContain(invariant)
  })
}

/** Flushes everybody, or nobody where things are to be worse. */
export const flushing = (worse: boolean): AnyPolicy => (worse ? flushNobody : nativeIpi)

/** The same, noting in the variable `asked` that a CPU was asked for a flush. */
export const noting = (policy: AnyPolicy = nativeIpi): AnyPolicy => ({
  ...policy,
  *flushRemote(cpu, request) {
    yield* cpu.store(cpu.shared.asked.of(), 1)
    yield* cpu.flushLocal(request)
  },
})

/** A setup that does nothing. */
export const idle = function* (): Generator<never, void, number> {}

export function* readPage0(cpu: X86): Code {
  yield* cpu.read(0)
}

/** Setups after which CPU 1 has page 0 cached. */
export const warm = [idle, readPage0]

/** Moves page 0 to another frame, flushes, gives the old frame back, and says so. */
export function* move(cpu: X86, { done }: { readonly done: Word }, kernel: AnyCpu): Code {
  yield* cpu.map(0, cpu.spare())
  yield* kernel.mm(0).flush([0])
  yield* kernel.put(cpu.frame(0))
  yield* cpu.store(done, 1)
}
/** Whether page 0 leads where it was moved. */
export function* isNew(cpu: X86): Code<boolean> {
  return (yield* cpu.read(0)).frame === cpu.spare()
}
