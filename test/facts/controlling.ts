/** Facts about MOV to CR3, to CR4 and to CR0, and about INVPCID: what each drops under which PCID. */
import { PCIDE, PGE, SMEP } from '../../src/machine/control.ts'
import { G } from '../../src/machine/entry.ts'
import { ALL_BUT_GLOBAL, ALL_CONTEXTS, INDIVIDUAL_ADDRESS, SINGLE_CONTEXT } from '../../src/machine/pcid.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from './fact.ts'

/**
 * Page 0 is cached as a global one, page 1 under PCID 1 and under PCID 0, which is current. Both are mapped elsewhere;
 * `act` is done, or nothing. The outcome: was it done, and which of the three translations are used afterwards.
 */
const survivors = (act: (cpu: X86) => Code<unknown>, protection = false) => ({
  machine: {
    pages: [0, 1],
    pcids: 2,
    globals: true,
    spare: 1,
    eviction: true,
    uncachedLevels: 0b1110,
    protection,
  },
  *setup(cpu: X86): Code {
    yield* cpu.setFlags(1, 0, G)
    yield* cpu.read(0)
    yield* cpu.loadCr3(0, { pcid: 1 })
    yield* cpu.read(1)
    yield* cpu.loadCr3(0, { pcid: 0 })
    yield* cpu.read(1)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.map(0, cpu.spare())
      yield* cpu.map(1, cpu.spare())
      const acted = yield* cpu.choose(2)
      if (acted) yield* act(cpu)
      const global = yield* readsOld(cpu, 0)
      const current = yield* readsOld(cpu, 1)
      yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
      return [acted, Number(global), Number(current), Number(yield* readsOld(cpu, 1))]
    },
  ],
})
const toggle = (bit: number) =>
  function* (cpu: X86): Code {
    yield* cpu.writeControls(0, bit)
    yield* cpu.writeControls(bit)
  }
const none = (acted: number, global: number, current: number, other: number): boolean =>
  acted === 0 && global + current + other === 3

/** Page 0 is cached and moved; MOV to CR3 with PCIDE=0, or none. */
const reloaded = (flags: number) => ({
  machine: { globals: true, spare: 1, ...restless },
  *setup(cpu: X86): Code {
    yield* cpu.setFlags(1, 0, flags)
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.map(0, cpu.spare())
      const loaded = yield* cpu.choose(2)
      if (loaded) yield* cpu.loadCr3(0)
      return [loaded, Number(yield* readsOld(cpu))]
    },
  ],
})

/** Page 0 was cached under PCID 1; PCID 0 is current. */
function* leftBehind(cpu: X86): Code {
  yield* cpu.loadCr3(0, { pcid: 1 })
  yield* cpu.read(0)
  yield* cpu.loadCr3(0, { pcid: 0 })
}
const returned = {
  machine: { pcids: 2, spare: 1, ...restless },
  setup: leftBehind,
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.map(0, cpu.spare())
      const noflush = yield* cpu.choose(2)
      yield* cpu.loadCr3(0, { pcid: 1, noflush: noflush === 1 })
      return [noflush, Number(yield* readsOld(cpu))]
    },
  ],
}

export const controlling = [
  fact(50, 'MOV to CR3 without PCIDs leaves a translation', no, {
    ...reloaded(0),
    reached: (loaded, old) => loaded === 1 && old === 1,
    sometimes: (loaded, old) => loaded === 0 && old === 1,
  }),
  fact(51, 'MOV to CR3 without PCIDs leaves a global translation', yes, {
    ...reloaded(G),
    reached: (loaded, old) => loaded === 1 && old === 1,
  }),
  fact(52, 'MOV to CR3 without NOFLUSH leaves a translation of the PCID that it loads', no, {
    ...returned,
    reached: (noflush, old) => noflush === 0 && old === 1,
    sometimes: (noflush, old) => noflush === 1 && old === 1,
  }),
  fact(53, 'MOV to CR3 without NOFLUSH leaves those of other PCIDs', yes, {
    machine: { pcids: 3, spare: 1 },
    setup: leftBehind,
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.loadCr3(0, { pcid: 2 })
        yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
        return yield* readsOld(cpu)
      },
    ],
    reached: (old) => old === 1,
  }),
  fact(54, 'MOV to CR3 with NOFLUSH finds again what the PCID had cached', yes, {
    ...returned,
    reached: (noflush, old) => noflush === 1 && old === 1,
  }),

  fact(55, 'a change of PGE leaves a translation', no, {
    ...survivors(toggle(PGE)),
    reached: (acted, global, current, other) => acted === 1 && global + current + other > 0,
    sometimes: none,
  }),
  fact(56, 'clearing PCIDE leaves a translation', no, {
    ...survivors(toggle(PCIDE)),
    reached: (acted, global, current, other) => acted === 1 && global + current + other > 0,
    sometimes: none,
  }),
  fact(57, 'setting SMEP leaves a translation of the PCID of now', no, {
    ...survivors((cpu) => cpu.writeControls(SMEP), true),
    reached: (acted, _global, current) => acted === 1 && current === 1,
    sometimes: none,
  }),

  fact(58, 'INVPCID of an address leaves it under the PCID that it names', no, {
    ...survivors((cpu) => cpu.invpcid(INDIVIDUAL_ADDRESS, 1, 1)),
    reached: (acted, _global, _current, other) => acted === 1 && other === 1,
    sometimes: none,
  }),
  fact(59, 'INVPCID of an address leaves a global translation of it', yes, {
    ...survivors((cpu) => cpu.invpcid(INDIVIDUAL_ADDRESS, 0, 0)),
    reached: (acted, global) => acted === 1 && global === 1,
  }),
  fact(60, 'INVPCID of a context leaves a translation of it', no, {
    ...survivors((cpu) => cpu.invpcid(SINGLE_CONTEXT, 1)),
    reached: (acted, _global, _current, other) => acted === 1 && other === 1,
    sometimes: none,
  }),
  fact(61, 'INVPCID of a context leaves other contexts alone', yes, {
    ...survivors((cpu) => cpu.invpcid(SINGLE_CONTEXT, 1)),
    reached: (acted, _global, current) => acted === 1 && current === 1,
  }),
  fact(62, 'INVPCID of all contexts leaves something', no, {
    ...survivors((cpu) => cpu.invpcid(ALL_CONTEXTS)),
    reached: (acted, global, current, other) => acted === 1 && global + current + other > 0,
    sometimes: none,
  }),
  fact(63, 'INVPCID of all but global leaves a global translation', yes, {
    ...survivors((cpu) => cpu.invpcid(ALL_BUT_GLOBAL)),
    reached: (acted, global) => acted === 1 && global === 1,
  }),
  fact(64, 'INVPCID of all but global leaves another one', no, {
    ...survivors((cpu) => cpu.invpcid(ALL_BUT_GLOBAL)),
    reached: (acted, _global, current, other) => acted === 1 && current + other > 0,
    sometimes: none,
  }),
]
