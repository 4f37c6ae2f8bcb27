/** Our own facts about interrupts: what holds them off, what collapses, what a handler may be interrupted by; and HLT. */
import { fact, guarded, no, yes } from '../fact.ts'
import { counting, giving, observe, sending, twice, words, type Some } from './handlers.ts'

/** A handler that notes whether one is below it, and may let others in. */
const bell: Some = function* (cpu, { inside, other, open }) {
  if ((yield* cpu.xchg(inside, 1)) === 1) yield* cpu.store(other, 1)
  if ((yield* cpu.load(open)) === 1) yield* cpu.sti()
  yield* cpu.load(open)
  yield* cpu.store(inside, 0)
}
const gong: Some = function* (cpu, { inside, other }) {
  if ((yield* cpu.load(inside)) === 1) yield* cpu.store(other, 1)
}

export const interrupts = [
  fact('if-clear', 'an IPI is taken while IF is clear', no, {
    words,
    interrupts: { bell: counting },
    cpus: [
      sending('bell'),
      function* (cpu, { count }) {
        const masks = yield* cpu.choose(2)
        if (masks) yield* cpu.cli()
        const before = yield* cpu.load(count)
        return [masks, (yield* cpu.load(count)) - before]
      },
    ],
    reached: (_sent, masks, taken) => masks === 1 && taken === 1,
    sometimes: (_sent, masks, taken) => masks === 0 && taken === 1,
  }),
  fact('two-vectors', 'of two vectors that were held off both are taken', yes, {
    words,
    interrupts: {
      bell: counting,
      *gong(cpu, { other }) {
        yield* cpu.store(other, 1)
      },
    },
    cpus: [
      sending('bell', 'gong'),
      function* (cpu, { sent, other, count }) {
        yield* cpu.cli()
        yield* cpu.until(sent, 1)
        yield* cpu.sti()
        yield* cpu.until(other, 1)
        yield* cpu.until(count, 1)
      },
    ],
    observe,
    reached: (_sent, _done, count, other) => count === 1 && other === 1,
    never: (_sent, _done, count, other) => count !== 1 || other !== 1,
  }),
  fact('collapse', 'two IPIs of a vector that were held off are taken one by one', no, {
    words,
    interrupts: { bell: counting },
    cpus: [
      function* (cpu, all, kernel) {
        yield* cpu.until(all.open, 1)
        yield* sending('bell', 'bell')(cpu, all, kernel)
      },
      function* (cpu, { sent, open }) {
        const masks = yield* cpu.choose(2)
        if (masks) yield* cpu.cli()
        yield* cpu.store(open, 1)
        if (masks) yield* cpu.until(sent, 1)
        yield* cpu.sti()
        return masks
      },
    ],
    observe,
    reached: (_sent, masks, count) => masks === 1 && count === 2,
    sometimes: (_sent, masks, count) => masks === 0 && count === 2,
  }),
  guarded(
    'access-whole',
    'an interrupt is taken in the middle of an access',
    'frame-lifetime',
    (careful) => ({
      interrupts: { bell: giving(careful) },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* kernel.sendIpi(0, 'bell')
          yield* twice(cpu)
        },
      ],
    }),
  ),
  fact('nested-early', 'a handler is interrupted before it executes STI', no, {
    machine: { nesting: true },
    words,
    interrupts: { bell, gong },
    cpus: [
      function* (cpu, all, kernel) {
        const opens = yield* cpu.choose(2)
        yield* cpu.store(all.open, opens)
        yield* sending('bell', 'gong')(cpu, all, kernel)
        return opens
      },
      function* () {},
    ],
    observe,
    reached: (opens, _done, _count, other) => opens === 0 && other === 1,
    sometimes: (opens, _done, _count, other) => opens === 1 && other === 1,
  }),
  fact('nested-own', 'a handler is interrupted by its own vector', no, {
    machine: { nesting: true },
    words,
    interrupts: { bell, gong },
    cpus: [
      function* (cpu, all, kernel) {
        const same = yield* cpu.choose(2)
        yield* cpu.store(all.open, 1)
        yield* sending('bell', same ? 'bell' : 'gong')(cpu, all, kernel)
        return same
      },
      function* () {},
    ],
    observe,
    reached: (same, _done, _count, other) => same === 1 && other === 1,
    sometimes: (same, _done, _count, other) => same === 0 && other === 1,
  }),

  fact('shadow', 'an interrupt is taken between STI and the next instruction', no, {
    machine: { interruptShadow: true },
    words,
    interrupts: { bell: counting },
    cpus: [
      sending('bell'),
      function* (cpu, { count }) {
        yield* cpu.cli()
        const before = yield* cpu.load(count)
        yield* cpu.sti()
        const first = yield* cpu.load(count)
        return [before, first, yield* cpu.load(count)]
      },
    ],
    reached: (_sent, before, first) => before === 0 && first === 1,
    sometimes: (_sent, before, first, second) => before === 0 && first === 0 && second === 1,
  }),
  fact('hlt', 'HLT goes on without an interrupt', no, {
    machine: { interruptShadow: true },
    words,
    interrupts: { bell: counting },
    cpus: [
      sending('bell'),
      function* (cpu, { count }) {
        yield* cpu.cli()
        const halts = yield* cpu.choose(2)
        const early = yield* cpu.load(count)
        yield* cpu.sti()
        if (halts && early === 0) yield* cpu.hlt()
        return [halts, yield* cpu.load(count)]
      },
    ],
    reached: (_sent, halts, count) => halts === 1 && count === 0,
    sometimes: (_sent, halts, count) => halts === 0 && count === 0,
  }),
]
