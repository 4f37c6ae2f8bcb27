/** Our own facts about PCIDs, CR3, PGE, and the registers that a load of CR3 fills. */
import { PAE, PCIDE, PGE } from '../../../src/machine/control.ts'
import { G, MAPPED, entry } from '../../../src/machine/entry.ts'
import { INDIVIDUAL_ADDRESS } from '../../../src/machine/pcid.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

/** PAE is changed, or not, between two reads of a page that is mapped elsewhere meanwhile. */
const changingPae = (flags: number) => ({
  machine: { levels: 3, globals: true, spare: 1, pae: true, ...restless },
  *setup(cpu: X86): Code {
    yield* cpu.setFlags(1, 0, flags)
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.map(0, cpu.spare(), MAPPED | flags)
      const changed = yield* cpu.choose(2)
      if (changed) yield* cpu.writeControls(0, PAE)
      return [changed, Number(yield* readsOld(cpu))]
    },
  ],
})

export const contexts = [
  fact('upper-other-pcid', 'an upper-level entry of one PCID serves another', no, {
    machine: { pages: [0, 1, 2], pcids: 2 },
    *setup(cpu) {
      yield* cpu.read(1)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        const switched = yield* cpu.choose(2)
        if (switched) yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
        return [switched, yield* readsOld(cpu, 0)]
      },
    ],
    reached: (switched, old) => switched === 1 && old === 1,
    sometimes: (switched, old) => switched === 0 && old === 1,
  }),
  fact('upper-own-pcid', 'an upper-level entry of a PCID is used when that is loaded again', yes, {
    machine: { pages: [0, 1, 2], pcids: 2 },
    *setup(cpu) {
      yield* cpu.loadCr3(0, { pcid: 1 })
      yield* cpu.read(1)
      yield* cpu.loadCr3(0, { pcid: 0 })
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
        return yield* readsOld(cpu, 0)
      },
    ],
    reached: (old) => old === 1,
  }),
  fact('noflush-without-pcide', 'MOV to CR3 with NOFLUSH faults while PCIDs are off', yes, {
    machine: { pcids: 1 },
    cpus: [
      function* (cpu) {
        const off = yield* cpu.choose(2)
        if (off) yield* cpu.writeControls(0, PCIDE)
        return [off, yield* cpu.loadCr3(0, { noflush: true })]
      },
    ],
    reached: (off, done) => off === 1 && done === 0,
    never: (off, done) => off === done,
  }),
  fact('invpcid-other-page', 'INVPCID of an address leaves another page of its PCID', yes, {
    machine: { pages: [0, 1], pcids: 1, spare: 1 },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        const own = yield* cpu.choose(2)
        yield* cpu.invpcid(INDIVIDUAL_ADDRESS, 0, own ? 0 : 1)
        return [own, yield* readsOld(cpu)]
      },
    ],
    reached: (own, old) => own === 0 && old === 1,
    never: (own, old) => own === 1 && old === 1,
  }),
  fact('global-without-pge', 'a translation that was made while PGE was clear outlives MOV to CR3', no, {
    machine: { globals: true, spare: 1, ...restless },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, G)
    },
    cpus: [
      function* (cpu) {
        const off = yield* cpu.choose(2)
        if (off) yield* cpu.writeControls(0, PGE)
        yield* cpu.read(0)
        yield* cpu.map(0, cpu.spare())
        yield* cpu.loadCr3(0)
        return [off, yield* readsOld(cpu)]
      },
    ],
    reached: (off, old) => off === 1 && old === 1,
    sometimes: (off, old) => off === 0 && old === 1,
  }),
  fact('g-without-pge', 'a translation with G that was made while PGE was clear is used again', yes, {
    machine: { globals: true, spare: 1 },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, G)
      yield* cpu.writeControls(0, PGE)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        return yield* readsOld(cpu)
      },
    ],
    reached: (old) => old === 1,
    never: (old) => old === 0,
  }),
  fact('pae-change', 'a translation that is not global outlives a change of PAE', no, {
    ...changingPae(0),
    reached: (changed, old) => changed === 1 && old === 1,
    sometimes: (changed, old) => changed === 0 && old === 1,
  }),
  fact('pae-global', 'a global translation outlives a change of PAE', yes, {
    ...changingPae(G),
    reached: (changed, old) => changed === 1 && old === 1,
  }),
  fact('pae-upper', 'an upper-level entry outlives a change of PAE', no, {
    machine: { levels: 3, pages: [0, 1, 2], pae: true, ...restless },
    *setup(cpu) {
      yield* cpu.read(1)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        const changed = yield* cpu.choose(2)
        if (changed) yield* cpu.writeControls(0, PAE)
        return [changed, yield* readsOld(cpu, 0)]
      },
    ],
    reached: (changed, old) => changed === 1 && old === 1,
    sometimes: (changed, old) => changed === 0 && old === 1,
  }),
  fact('pae-long-mode', 'PAE is cleared in IA-32e mode', no, {
    machine: { levels: 4, pae: true },
    cpus: [
      function* (cpu) {
        const clears = yield* cpu.choose(2)
        return [clears, yield* cpu.writeControls(clears ? 0 : PAE, clears ? PAE : 0)]
      },
    ],
    reached: (clears, done) => clears === 1 && done === 1,
    sometimes: (clears, done) => clears === 0 && done === 1,
  }),
  fact('pdpte-invlpg', 'INVLPG makes PAE paging look at its top level again', no, {
    machine: { levels: 3, pdptes: true, ...restless },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(3, 0, 0)
        const loads = yield* cpu.choose(2)
        yield* loads ? cpu.reloadCr3() : cpu.invlpg(0)
        return [loads, (yield* cpu.read(0)).fault]
      },
    ],
    reached: (loads, fault) => loads === 0 && fault === 1,
    sometimes: (loads, fault) => loads === 1 && fault === 1,
  }),
  fact('pdpte-cr3', 'after MOV to CR3 PAE paging uses an entry of the top level that was there before', no, {
    machine: { levels: 3, pdptes: true, ...restless },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(3, 0, 0)
        const loads = yield* cpu.choose(2)
        if (loads) yield* cpu.loadCr3(0)
        return [loads, (yield* cpu.read(0)).fault]
      },
    ],
    reached: (loads, fault) => loads === 1 && fault === 0,
    sometimes: (loads, fault) => loads === 0 && fault === 0,
  }),
]
