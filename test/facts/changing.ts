/** Facts about entries that change without an invalidation: what is still used, and what it costs. */
import { A, D, MAPPED, PS, RW, US, XD, entry } from '../../src/machine/entry.ts'
import type { Access } from '../../src/machine/access-result.ts'
import { variable } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from './fact.ts'

/** A page is cached under the flags `before`, gets the flags `after`, and is used twice. */
const relaxed = (before: number, after: number, use: (cpu: X86) => Code<Access>) => ({
  machine: { protection: true, ...restless },
  *setup(cpu: X86) {
    yield* cpu.map(0, cpu.frame(0), before)
    yield* cpu.read(0, { supervisor: true })
  },
  cpus: [
    function* (cpu: X86): Code<boolean[]> {
      yield* cpu.map(0, cpu.frame(0), after)
      return [(yield* use(cpu)).fault, (yield* use(cpu)).fault]
    },
  ],
})
const writable = relaxed(MAPPED & ~RW, MAPPED, (cpu) => cpu.write(0))
const user = relaxed(MAPPED & ~US, MAPPED, (cpu) => cpu.read(0))
const executable = relaxed(MAPPED | XD, MAPPED, (cpu) => cpu.fetch(0))

const once = (first: number): boolean => first === 1
const twice = (first: number, second: number): boolean => first === 1 && second === 1

/** A page was written, so that its translation is cached with D. */
function* written(cpu: X86): Code {
  yield* cpu.write(0)
}

/** Pages 0 and 1 are cached as parts of a large page. */
function* large(cpu: X86): Code {
  yield* cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED | PS))
  yield* cpu.read(0)
  yield* cpu.read(1)
}
function* split(cpu: X86): Code {
  yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), MAPPED))
}

export const changing = [
  fact(7, 'a page that became writable refuses a write', yes, { ...writable, reached: once }),
  fact(8, 'and does so twice', no, { ...writable, reached: twice, sometimes: once }),
  fact(9, 'a page that user code may use now refuses it', yes, { ...user, reached: once }),
  fact(10, 'and does so twice', no, { ...user, reached: twice, sometimes: once }),
  fact(11, 'a page that became executable refuses a fetch', yes, { ...executable, reached: once }),
  fact(12, 'and does so twice', no, { ...executable, reached: twice, sometimes: once }),

  ...(
    [
      [13, 'a use leaves A clear that software has cleared', A, (cpu: X86) => cpu.read(0)],
      [14, 'a write leaves D clear that software has cleared', D, (cpu: X86) => cpu.write(0)],
    ] as const
  ).map(([id, title, flag, use]) =>
    fact(id, title, yes, {
      setup: written,
      cpus: [
        function* (cpu) {
          yield* cpu.clearFlags(1, 0, flag)
          const { fault } = yield* use(cpu)
          return [fault, (yield* cpu.readEntry(1, 0)) & flag]
        },
      ],
      reached: (fault, set) => fault === 0 && set === 0,
    }),
  ),

  fact(15, 'a page can still be written after R/W was taken away', yes, {
    setup: written,
    cpus: [
      function* (cpu) {
        yield* cpu.clearFlags(1, 0, RW)
        return (yield* cpu.write(0)).fault
      },
    ],
    reached: (fault) => fault === 0,
  }),

  fact(16, 'a write to an unmapped page reaches the frame that it had', yes, {
    setup: written,
    cpus: [
      function* (cpu) {
        yield* cpu.unmap(0)
        return (yield* cpu.write(0)).frame === cpu.frame(0)
      },
    ],
    reached: (old) => old === 1,
  }),

  fact(17, 'a frame that has a new owner is written through its old page', yes, {
    machine: { pages: [0, 1], contents: true },
    setup: [function* () {}, written],
    cpus: [
      function* (cpu) {
        yield* cpu.unmap(0)
        yield* cpu.map(1, cpu.frame(0))
        yield* cpu.write(1, 5)
        return (yield* cpu.read(1)).value
      },
      function* (cpu) {
        yield* cpu.write(0, 9)
      },
    ],
    reached: (value) => value === 9,
  }),

  fact(18, 'so it is although every CPU had dropped the old page first', no, {
    machine: { pages: [0, 1], contents: true, speculation: 1 },
    words: { asked: variable(), dropped: variable() },
    setup: [written, written],
    cpus: [
      function* (cpu, { asked, dropped }) {
        yield* cpu.unmap(0)
        yield* cpu.store(asked, 1)
        yield* cpu.invlpg(0)
        yield* cpu.until(dropped, 1)
        yield* cpu.map(1, cpu.frame(0))
        yield* cpu.write(1, 5)
        return (yield* cpu.read(1)).value
      },
      function* (cpu, { asked, dropped }) {
        const lies = yield* cpu.choose(2)
        yield* cpu.until(asked, 1)
        if (!lies) yield* cpu.invlpg(0)
        yield* cpu.store(dropped, 1)
        yield* cpu.write(0, 9)
        return lies
      },
    ],
    reached: (value, lies) => lies === 0 && value !== 5,
    sometimes: (value, lies) => lies === 1 && value === 9,
  }),

  fact(19, 'a large page is used after its table of small ones was put in place', yes, {
    machine: { pages: [0, 1], spare: 1 },
    setup: large,
    cpus: [
      function* (cpu) {
        yield* split(cpu)
        return (yield* cpu.read(0)).frame === cpu.spare()
      },
    ],
    reached: (old) => old === 1,
  }),

  fact(20, 'the small page is used while the large one is still cached', yes, {
    machine: { pages: [0, 1], spare: 1, multihit: true, speculation: 1 },
    setup: large,
    cpus: [
      function* (cpu) {
        yield* split(cpu)
        const first = (yield* cpu.read(0)).frame
        return [first === cpu.frame(0), (yield* cpu.read(0)).frame === cpu.spare()]
      },
    ],
    reached: (small, largeAgain) => small === 1 && largeAgain === 1,
  }),

  fact(21, 'a large page is cached in pieces, of which one can go alone', yes, {
    machine: { pages: [0, 1], spare: 2, eviction: true },
    setup: large,
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.spare(1), MAPPED | PS))
        const here = (yield* cpu.read(0)).frame
        return [here === cpu.spare(0), (yield* cpu.read(1)).frame === cpu.spare(0)]
      },
    ],
    reached: (here, there) => here === 1 && there === 0,
  }),

  fact(22, 'INVLPG of one address leaves another piece of its large page', no, {
    machine: { pages: [0, 1], spare: 1, ...restless },
    setup: large,
    cpus: [
      function* (cpu) {
        yield* split(cpu)
        const flushed = yield* cpu.choose(2)
        if (flushed) yield* cpu.invlpg(0)
        return [flushed, yield* readsOld(cpu, 1)]
      },
    ],
    reached: (flushed, fresh) => flushed === 1 && fresh === 0,
    sometimes: (flushed, fresh) => flushed === 0 && fresh === 0,
  }),
]
