/** Our own facts about NMIs: what does not mask them, what does, and what their IRET gives back. */
import { fact, guarded, no, yes } from '../fact.ts'
import { giving, observe, sending, twice, words, type Some } from './handlers.ts'

const noting: Some = function* (cpu, { inside }) {
  yield* cpu.store(inside, 1)
}

export const nmis = [
  fact('nmi-if-clear', 'an NMI is taken while IF is clear', yes, {
    machine: { nmis: 1 },
    words,
    nmi: noting,
    cpus: [
      (cpu) => cpu.apic.sendNmi(1),
      function* (cpu, { inside }) {
        yield* cpu.cli()
        const before = yield* cpu.load(inside)
        yield* cpu.until(inside, 1)
        return before
      },
    ],
    reached: (_sent, before) => before === 0,
  }),
  fact('nmi-in-nmi', 'an NMI is taken in the handler of another', no, {
    machine: { nmis: 2 },
    words,
    *nmi(cpu, { count, inside, other }) {
      if ((yield* cpu.xchg(inside, 1)) === 1) yield* cpu.store(other, 1)
      yield* cpu.fetchAdd(count, 1)
      yield* cpu.store(inside, 0)
    },
    cpus: [
      function* (cpu, { sent }) {
        yield* cpu.load(sent)
      },
    ],
    observe,
    reached: (_done, _count, other) => other === 1,
    sometimes: (_done, count) => count === 2,
  }),
  fact('nmi-iret', 'IRET of an NMI sets IF that was clear', no, {
    machine: { nmis: 1 },
    words,
    nmi: noting,
    interrupts: {
      *bell(cpu, { other }) {
        yield* cpu.store(other, 1)
      },
    },
    cpus: [
      function* (cpu, all, kernel) {
        yield* cpu.apic.sendNmi(1)
        yield* sending('bell')(cpu, all, kernel)
      },
      function* (cpu, { inside, other }) {
        const masks = yield* cpu.choose(2)
        if (masks) yield* cpu.cli()
        const before = yield* cpu.load(other)
        yield* cpu.until(inside, 1)
        return [masks, before, yield* cpu.load(other)]
      },
    ],
    reached: (_sent, masks, before, after) => masks === 1 && before === 0 && after === 1,
    sometimes: (_sent, masks, before, after) => masks === 0 && before === 0 && after === 1,
  }),
  guarded('nmi-access-whole', 'an NMI is taken in the middle of an access', 'frame-lifetime', (careful) => ({
    machine: { nmis: 1 },
    nmi: giving(careful),
    cpus: [twice],
  })),
]
