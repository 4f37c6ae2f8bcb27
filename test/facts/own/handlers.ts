/** What facts about interrupts are made of: senders, handlers, and accesses that a handler may come into. */
import type { Program } from '../../../src/experiment/options.ts'
import { CLEAR_ENTRY, place } from '../../../src/machine/table-ops.ts'
import { variable, type Word } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import { perform, type Code } from '../../../src/engine/step.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'

export const words = {
  sent: variable(),
  inside: variable(),
  count: variable({ max: 7 }),
  other: variable(),
  open: variable(),
}
export type Some = Program<typeof words>
type Words = Record<keyof typeof words, Word>

export const counting: Some = function* (cpu, { count }) {
  yield* cpu.fetchAdd(count, 1)
}
export const sending = (...vectors: readonly string[]): Some =>
  function* (cpu, { sent }, kernel) {
    for (const vector of vectors) yield* kernel.sendIpi(1, vector)
    yield* cpu.store(sent, 1)
  }
export const observe = (read: (word: Word) => number, { count, other }: Words): number[] => [
  read(count),
  read(other),
]

/** A page is written twice; a handler that may come at any time unmaps it, drops it or not, and gives it back. */
export const twice = function* (cpu: X86): Code {
  yield* cpu.write(0)
  yield* cpu.write(0)
}
export const giving = (careful: boolean) =>
  function* (cpu: X86, _words: unknown, kernel: Pick<Cpu, 'put'>): Code {
    yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
    if (careful) yield* cpu.invlpg(0)
    yield* kernel.put(cpu.frame(0))
  }
