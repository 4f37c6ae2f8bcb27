/** Facts about what is cached, when, and for how long. */
import { A, G, RSVD, RW, XD } from '../../src/machine/entry.ts'
import { variable } from '../../src/machine/word.ts'
import { fact, no, readsOld, restless, yes } from './fact.ts'

export const filling = [
  fact(1, 'that a page was not mapped is remembered once it is mapped', no, {
    machine: restless,
    words: { stored: variable() },
    *setup(cpu) {
      yield* cpu.unmap(0)
    },
    cpus: [
      function* (cpu, { stored }) {
        const early = yield* cpu.read(0)
        yield* cpu.until(stored, 1)
        return [early.fault, (yield* cpu.read(0)).fault]
      },
      function* (cpu, { stored }) {
        yield* cpu.map(0, cpu.frame(0))
        yield* cpu.store(stored, 1)
      },
    ],
    reached: (_early, late) => late === 1,
    sometimes: (early, late) => early === 1 && late === 0,
  }),

  fact(2, 'a translation with a reserved bit on its way is cached', no, {
    machine: { protection: true, ...restless },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, RSVD)
    },
    cpus: [
      function* (cpu) {
        const cured = yield* cpu.choose(2)
        if (cured) yield* cpu.clearFlags(1, 0, RSVD)
        yield* cpu.read(0)
        yield* cpu.unmap(0)
        return [cured, yield* readsOld(cpu)]
      },
    ],
    reached: (cured, cached) => cured === 0 && cached === 1,
    sometimes: (cured, cached) => cured === 1 && cached === 1,
  }),

  fact(3, 'a page is cached whose entry memory still shows as not accessed', no, {
    machine: { levels: 3, lateAccessed: true, ...restless },
    words: { cut: variable() },
    *setup(cpu) {
      for (const level of [1, 2, 3]) yield* cpu.clearFlags(level, 0, A)
    },
    cpus: [
      function* (cpu, { cut }) {
        yield* cpu.until(cut, 1)
        return yield* readsOld(cpu)
      },
      function* (cpu, { cut }) {
        const level = 1 + (yield* cpu.choose(3))
        const entry = yield* cpu.xchgEntry(level, 0, 0)
        yield* cpu.store(cut, 1)
        return (entry & A) !== 0
      },
    ],
    reached: (cached, accessed) => cached === 1 && accessed === 0,
    sometimes: (cached, accessed) => cached === 1 && accessed === 1,
  }),

  fact(4, 'a page is cached that nobody has asked for yet', yes, {
    machine: { speculation: 1 },
    cpus: [
      function* (cpu) {
        yield* cpu.unmap(0)
        return yield* readsOld(cpu)
      },
    ],
    reached: (cached) => cached === 1,
  }),

  fact(5, 'a translation outlives its entry, however often it is used', yes, {
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.unmap(0)
        let old = 0
        for (let i = 0; i < 8; i++) old += Number(yield* readsOld(cpu))
        return old
      },
    ],
    reached: (old) => old === 8,
  }),

  fact(6, 'a translation is gone although nothing has dropped it', yes, {
    machine: { spare: 1, eviction: true },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        return yield* readsOld(cpu)
      },
    ],
    reached: (old) => old === 0,
  }),

  fact(23, 'a global translation of one PCID serves another', yes, {
    machine: { pcids: 3, globals: true, spare: 1 },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, G)
      yield* cpu.loadCr3(0, { pcid: 1 })
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.loadCr3(0, { pcid: 2 })
        return yield* readsOld(cpu)
      },
    ],
    reached: (old) => old === 1,
  }),

  fact(24, 'G in the entry of a PMD makes what lies below it global', no, {
    machine: { pcids: 3, globals: true, spare: 1, uncachedLevels: 0b1100, ...restless },
    cpus: [
      function* (cpu) {
        const leaf = yield* cpu.choose(2)
        yield* cpu.setFlags(leaf ? 1 : 2, 0, G)
        yield* cpu.loadCr3(0, { pcid: 1 })
        yield* cpu.read(0)
        yield* cpu.map(0, cpu.spare())
        yield* cpu.loadCr3(0, { pcid: 2 })
        return [leaf, yield* readsOld(cpu)]
      },
    ],
    reached: (leaf, old) => leaf === 0 && old === 1,
    sometimes: (leaf, old) => leaf === 1 && old === 1,
  }),

  fact(25, 'a page can be written whose topmost entry forbids it', no, {
    machine: { levels: 4, ...restless },
    *setup(cpu) {
      yield* cpu.clearFlags(4, 0, RW)
    },
    cpus: [
      function* (cpu) {
        return [(yield* cpu.read(0)).fault, (yield* cpu.write(0)).fault]
      },
    ],
    reached: (_read, write) => write === 0,
    sometimes: (read, write) => read === 0 && write === 1,
  }),

  fact(26, 'code runs from a page that one upper entry alone makes XD', no, {
    machine: { levels: 4, protection: true, ...restless },
    *setup(cpu) {
      yield* cpu.setFlags(3, 0, XD)
    },
    cpus: [
      function* (cpu) {
        return [(yield* cpu.read(0)).fault, (yield* cpu.fetch(0)).fault]
      },
    ],
    reached: (_read, fetch) => fetch === 0,
    sometimes: (read, fetch) => read === 0 && fetch === 1,
  }),
]
