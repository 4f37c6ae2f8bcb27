/** Our own facts about readers of tables and pages, and about who waits for them: RCU, and interrupts that are off. */
import { frameOf, isPresent } from '../../../src/machine/entry.ts'
import type { Word } from '../../../src/machine/word.ts'
import { rcuHead } from '../../../src/guest/rcu-head.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, guarded, no, type Fact } from '../fact.ts'

const sections = {
  'interrupts off': [(cpu: X86) => cpu.cli(), (cpu: X86) => cpu.sti()],
  rcu_read_lock: [
    (_cpu: X86, kernel: Cpu) => kernel.rcuReadLock(),
    (_cpu: X86, kernel: Cpu) => kernel.rcuReadUnlock(),
  ],
} as const
const waits = {
  call_rcu: (kernel: Cpu, head: Word, frame: number) => kernel.callRcu(head, { put: frame }),
  *synchronize_rcu(kernel: Cpu, _head: Word, frame: number): Code {
    yield* kernel.synchronizeRcu()
    yield* kernel.put(frame)
  },
} as const

/** A reader looks a page up and refers to it; a writer takes it out of the tables and puts it, carefully or not. */
export const readers = Object.entries(sections).flatMap(([section, [enter, leave]]) => [
  ...Object.entries(waits).map(([how, put]): Fact =>
    fact(
      `reader-${how}-${section.replaceAll(' ', '-')}`,
      `a page is gone inside ${section} that waits for ${how}`,
      no,
      {
        words: { head: rcuHead() },
        cpus: [
          function* (cpu, { head }, kernel) {
            yield* cpu.xchgEntry(1, 0, 0)
            const careful = yield* cpu.choose(2)
            yield* careful ? put(kernel, head, cpu.frame(0)) : kernel.put(cpu.frame(0))
            return careful
          },
          function* (cpu, _words, kernel) {
            yield* enter(cpu, kernel)
            const word = yield* cpu.readEntry(1, 0)
            const gone = isPresent(word) && !(yield* kernel.tryGet(frameOf(word)))
            yield* leave(cpu, kernel)
            return gone
          },
        ],
        reached: (careful, gone) => careful === 1 && gone === 1,
        sometimes: (careful, gone) => careful === 0 && gone === 1,
      },
    ),
  ),
  guarded(
    `table-call_rcu-${section.replaceAll(' ', '-')}`,
    `a table is gone inside ${section} that call_rcu was to free`,
    'software-walk',
    (careful) => ({
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.xchgEntry(2, 0, 0)
          yield* careful ? kernel.rcuFree(cpu.table(1, 0)) : kernel.freeTableNow(cpu.table(1, 0))
        },
        function* (cpu, _words, kernel) {
          yield* enter(cpu, kernel)
          const word = yield* cpu.readEntry(2, 0)
          if (isPresent(word)) yield* cpu.readEntry(1, 0, frameOf(word))
          yield* leave(cpu, kernel)
        },
      ],
    }),
  ),
  guarded(
    `table-ipi-${section.replaceAll(' ', '-')}`,
    section === 'interrupts off'
      ? `a table is gone inside ${section} that was freed after an IPI was waited for`
      : `a table is gone inside ${section} that was freed by RCU, not after an IPI`,
    'software-walk',
    (careful) => ({
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.xchgEntry(2, 0, 0)
          if (section === 'interrupts off') {
            if (careful) yield* kernel.syncByIpi([1])
            yield* kernel.freeTableNow(cpu.table(1, 0))
          } else if (careful) yield* kernel.rcuFree(cpu.table(1, 0))
          else {
            yield* kernel.syncByIpi([1])
            yield* kernel.freeTableNow(cpu.table(1, 0))
          }
        },
        function* (cpu, _words, kernel) {
          yield* enter(cpu, kernel)
          const word = yield* cpu.readEntry(2, 0)
          if (isPresent(word)) yield* cpu.readEntry(1, 0, frameOf(word))
          yield* leave(cpu, kernel)
        },
      ],
    }),
  ),
])
