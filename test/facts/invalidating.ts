/** Facts about the invalidating instructions on one address: INVLPG, page faults, and what invalidates nothing. */
import { G, MAPPED, entry } from '../../src/machine/entry.ts'
import { PGE } from '../../src/machine/control.ts'
import { variable } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, nowhere, readsOld, restless, yes } from './fact.ts'

/** What is cached is moved, then `pause` happens, then it is used. */
const kept = (pause: (cpu: X86) => Code) => ({
  machine: { spare: 1 },
  *setup(cpu: X86): Code {
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86): Code<boolean> {
      yield* cpu.map(0, cpu.spare())
      yield* pause(cpu)
      return yield* readsOld(cpu)
    },
  ],
  reached: (old: number) => old === 1,
})

export const invalidating = [
  fact(39, 'INVLPG leaves a translation of its page under the PCID of now', no, {
    machine: { pcids: 2, spare: 1, ...restless },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        const flushed = yield* cpu.choose(2)
        if (flushed) yield* cpu.invlpg(0)
        return [flushed, yield* readsOld(cpu)]
      },
    ],
    reached: (flushed, old) => flushed === 1 && old === 1,
    sometimes: (flushed, old) => flushed === 0 && old === 1,
  }),

  fact(40, 'INVLPG leaves a global translation that another PCID made', no, {
    machine: { pcids: 3, globals: true, spare: 1, ...restless },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, G)
      yield* cpu.loadCr3(0, { pcid: 1 })
      yield* cpu.read(0)
      yield* cpu.loadCr3(0, { pcid: 2 })
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        const flushed = yield* cpu.choose(2)
        if (flushed) yield* cpu.invlpg(0)
        return [flushed, yield* readsOld(cpu)]
      },
    ],
    reached: (flushed, old) => flushed === 1 && old === 1,
    sometimes: (flushed, old) => flushed === 0 && old === 1,
  }),

  fact(41, 'INVLPG leaves the translation that another PCID has of its page', yes, {
    machine: { pcids: 3, spare: 1 },
    *setup(cpu) {
      yield* cpu.loadCr3(0, { pcid: 2 })
      yield* cpu.read(0)
      yield* cpu.loadCr3(0, { pcid: 1 })
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.invlpg(0)
        yield* cpu.loadCr3(0, { pcid: 2, noflush: true })
        return yield* readsOld(cpu)
      },
    ],
    reached: (old) => old === 1,
  }),

  fact(42, 'INVLPG drops more than it has to: another page, another PCID', yes, {
    machine: { pages: [0, 1], pcids: 2, spare: 1, eviction: true },
    *setup(cpu) {
      yield* cpu.loadCr3(0, { pcid: 1 })
      yield* cpu.read(1)
      yield* cpu.loadCr3(0, { pcid: 0 })
      yield* cpu.read(1)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(1, cpu.spare())
        yield* cpu.invlpg(0)
        const here = yield* readsOld(cpu, 1)
        yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
        return [here, yield* readsOld(cpu, 1)]
      },
    ],
    reached: (here, there) => here === 0 && there === 0,
  }),

  fact(70, 'a page fault leaves the upper entry that led to it, and the access faults again', no, {
    machine: { pages: [0, 1, 2], ...restless },
    *setup(cpu) {
      yield* cpu.unmap(0)
      yield* cpu.read(1)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        return [(yield* cpu.read(0)).fault, (yield* cpu.read(0)).fault]
      },
    ],
    reached: (_first, again) => again === 1,
    sometimes: (first, again) => first === 1 && again === 0,
  }),

  fact(
    71,
    'MFENCE drops nothing',
    yes,
    kept((cpu) => cpu.mfence()),
  ),

  fact(72, 'an interrupt and its IRET drop nothing', yes, {
    machine: { spare: 1 },
    words: { taken: variable() },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu, { taken }, kernel) {
        yield* cpu.map(0, cpu.spare())
        yield* kernel.sendIpi(0, 'tick')
        yield* cpu.until(taken, 1)
        return yield* readsOld(cpu)
      },
    ],
    interrupts: {
      *tick(cpu, { taken }) {
        yield* cpu.store(taken, 1)
      },
    },
    reached: (old) => old === 1,
  }),

  fact(73, 'whatever one CPU drops, another keeps', yes, {
    machine: { pcids: 2, globals: true, spare: 1 },
    words: { done: variable() },
    setup: [
      function* () {},
      function* (cpu) {
        yield* cpu.read(0)
      },
    ],
    cpus: [
      function* (cpu, { done }) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.invlpg(0)
        for (const type of [0, 1, 2, 3]) yield* cpu.invpcid(type, 0, 0)
        yield* cpu.loadCr3(0)
        yield* cpu.writeControls(0, PGE)
        yield* cpu.store(done, 1)
      },
      function* (cpu, { done }) {
        yield* cpu.until(done, 1)
        return yield* readsOld(cpu)
      },
    ],
    reached: (_done, old) => old === 1,
  }),

  fact(74, 'INVVPID of an address that is not canonical is a NOP, as INVLPG of it is', no, {
    machine: { vpids: 1, ...restless },
    cpus: [
      function* (cpu) {
        const emulated = yield* cpu.choose(2)
        return [emulated, yield* emulated ? cpu.vmx.invvpid(0, 1, nowhere) : cpu.invlpg(nowhere)]
      },
    ],
    reached: (emulated, succeeds) => emulated === 1 && succeeds === 1,
    sometimes: (emulated, succeeds) => emulated === 0 && succeeds === 1,
  }),
]
