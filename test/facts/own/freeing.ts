/** Our own facts about what is given back: tables, pages and their references, and what is allocated anew. */
import { variable, type Word } from '../../../src/machine/word.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, guarded, no, yes } from '../fact.ts'

export const freeing = [
  guarded(
    'table-flushed',
    'a walk reads a table that was freed after INVLPG',
    'hardware-walk',
    (careful) => ({
      machine: { pages: [0, 1] },
      *setup(cpu) {
        yield* cpu.read(1)
      },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.setEntry(2, 0, 0)
          if (careful) yield* cpu.invlpg(0)
          yield* kernel.freeTableNow(cpu.table(1, 0))
          yield* cpu.read(0)
        },
      ],
    }),
  ),
  guarded(
    'table-unhooked',
    'a walk reads a table that was unhooked before it was freed',
    'hardware-walk',
    (careful) => ({
      cpus: [
        function* (cpu, _words, kernel) {
          if (careful) yield* cpu.setEntry(2, 0, 0)
          yield* kernel.freeTableNow(cpu.table(1, 0))
          yield* cpu.read(0)
        },
      ],
    }),
  ),
  fact('allocate-used', 'the allocator hands out a frame that is in use', no, {
    machine: { pages: [0, 1] },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* cpu.unmap(1)
        yield* kernel.put(cpu.frame(1))
        const got = yield* kernel.allocate('data')
        return [got === cpu.frame(0), got === cpu.frame(1)]
      },
    ],
    reached: (used) => used === 1,
    sometimes: (_used, free) => free === 1,
  }),
  fact('allocate-fails', 'an allocation fails although a frame is free, if it may', yes, {
    cpus: [
      function* (cpu, _words, kernel) {
        yield* kernel.put(cpu.frame(0))
        const mayFail = yield* cpu.choose(2)
        return [mayFail, yield* kernel.allocate('data', { mayFail: mayFail === 1 })]
      },
    ],
    reached: (mayFail, got) => mayFail === 1 && got === 0,
    never: (mayFail, got) => mayFail === 0 && got === 0,
  }),
  fact('allocate-cleared', 'what the allocator hands out holds what was stored there before', no, {
    machine: { contents: true },
    *setup(cpu) {
      yield* cpu.write(0, 7)
    },
    cpus: [
      function* (cpu, _words, kernel) {
        const again = yield* cpu.choose(2)
        if (again) {
          yield* kernel.put(cpu.frame(0))
          yield* kernel.allocate('data', { mayFail: false })
        }
        return [again, (yield* cpu.read(0)).value]
      },
    ],
    reached: (again, value) => again === 1 && value === 7,
    sometimes: (again, value) => again === 0 && value === 7,
  }),
  fact(
    'try-get',
    'folio_try_get refers to a page that nobody refers to, or refuses one that is allocated',
    no,
    {
      cpus: [
        function* (cpu, _words, kernel) {
          const frame = cpu.frame(0)
          const steps = yield* cpu.choose(3)
          if (steps > 0) yield* kernel.put(frame)
          if (steps > 1) yield* kernel.allocate('data', { mayFail: false })
          return [steps, yield* kernel.tryGet(frame)]
        },
      ],
      reached: (steps, got) => (steps === 1) === (got === 1),
      sometimes: (steps, got) => steps === 2 && got === 1,
    },
  ),
  fact('put-last', 'a page that somebody refers to is handed out again', no, {
    cpus: [
      function* (cpu, _words, kernel) {
        const held = yield* cpu.choose(2)
        if (held) yield* kernel.tryGet(cpu.frame(0))
        yield* kernel.put(cpu.frame(0))
        return [held, yield* kernel.allocate('data')]
      },
    ],
    reached: (held, got) => held === 1 && got !== 0,
    sometimes: (held, got) => held === 0 && got !== 0,
  }),
  fact('unpinned', 'a page that somebody refers to counts as unpinned', no, {
    cpus: [
      function* (cpu, _words, kernel) {
        const held = yield* cpu.choose(2)
        if (held) yield* kernel.tryGet(cpu.frame(0))
        return [held, yield* kernel.isUnpinned(cpu.frame(0))]
      },
    ],
    reached: (held, unpinned) => held === 1 && unpinned === 1,
    sometimes: (held, unpinned) => held === 0 && unpinned === 1,
  }),
  fact('copy', 'a copy holds what the page holds that it was made of', yes, {
    machine: { contents: true, spare: 1 },
    *setup(cpu) {
      yield* cpu.write(0, 7)
    },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* kernel.copyPage(cpu.spare(), cpu.frame(0), 0)
        yield* cpu.map(0, cpu.spare())
        yield* cpu.invlpg(0)
        return (yield* cpu.read(0)).value
      },
    ],
    reached: (value) => value === 7,
    never: (value) => value !== 7,
  }),
  fact('lock', 'a lock lets two CPUs in at once', no, {
    words: { lock: variable({ max: 2 }), x: variable({ max: 3 }) },
    cpus: Array.from(
      { length: 2 },
      () =>
        function* (cpu: X86, { lock, x }: Record<'lock' | 'x', Word>, kernel: Cpu): Code<number> {
          const locks = yield* cpu.choose(2)
          if (locks) yield* kernel.lock(lock)
          yield* cpu.store(x, (yield* cpu.load(x)) + 1)
          if (locks) yield* kernel.unlock(lock)
          return locks
        },
    ),
    observe: (read, { x }) => [read(x)],
    reached: (first, second, x) => first + second === 2 && x === 1,
    sometimes: (first, second, x) => first + second === 0 && x === 1,
  }),
]
