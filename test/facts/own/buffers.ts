/** Our own facts about store buffers: what walks see of them, and which instructions wait until they are empty. */
import { PGE } from '../../../src/machine/control.ts'
import { A, MAPPED, entry, frameOf } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import { ALL_CONTEXTS } from '../../../src/machine/pcid.ts'
import { variable, type Word } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import { fact, no, readsOld, yes } from '../fact.ts'

const machine = { storeBuffer: 1 }
type Act = (cpu: X86, spare: Word, kernel: Cpu) => Code<unknown>

/** Two CPUs store to a word each and load the word of the other; `act` is done in between, or not. */
const crossing = (act: Act, more: Partial<MachineConfig>) => {
  const side = (own: 'x' | 'y', other: 'x' | 'y') =>
    function* (cpu: X86, words: Record<'x' | 'y' | 'z', Word>, kernel: Cpu): Code<number[]> {
      yield* cpu.store(words[own], 1)
      const acted = yield* cpu.choose(2)
      if (acted) yield* act(cpu, words.z, kernel)
      return [acted, yield* cpu.load(words[other])]
    }
  return {
    machine: { ...machine, structureCaches: false, ...more },
    words: { x: variable(), y: variable(), z: variable({ max: 3 }) },
    interrupts: { *tick() {} },
    cpus: [side('x', 'y'), side('y', 'x')],
  }
}
const both = (acted: number) => (a: number, seenByA: number, b: number, seenByB: number) =>
  a === acted && b === acted && seenByA + seenByB === 0

const fences = (id: string, name: string, act: Act, more: Partial<MachineConfig> = {}) =>
  fact(`after-${id}`, `a load behind ${name} is done before the store in front of it is visible`, no, {
    ...crossing(act, more),
    reached: both(1),
    sometimes: both(0),
  })
const passes = (id: string, name: string, act: Act, more: Partial<MachineConfig> = {}) =>
  fact(`past-${id}`, `a load behind ${name} is done before the store in front of it is visible`, yes, {
    ...crossing(act, more),
    reached: both(1),
  })

/** A CPU stores to one word and loads another, one of the two in a handler; the other CPU does so the other way round. */
const words = { x: variable(), y: variable(), seen: variable({ max: 3 }) }
function* opposite(cpu: X86, { x, y }: Record<'x' | 'y', Word>): Code<number> {
  yield* cpu.xchg(y, 1)
  return yield* cpu.load(x)
}

/** A CPU stores a PTE and fetches an instruction from that page, behind a serializing instruction or at once. */
const fetched = ({ serializes, ...more }: { serializes: boolean } & Partial<MachineConfig>) => ({
  machine: { ...machine, spare: 1, protection: true, ...more },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.map(0, cpu.spare())
      const acts = serializes ? yield* cpu.choose(2) : 0
      if (acts) yield* cpu.serialize()
      return [Number((yield* cpu.fetch(0)).frame === cpu.frame(0)), acts]
    },
  ],
})

export const buffers = [
  fact('walk-own-store', 'a page walk misses the store of its own CPU', no, {
    machine: { ...machine, spare: 1 },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        return yield* readsOld(cpu)
      },
      (cpu) => readsOld(cpu),
    ],
    reached: (own) => own === 1,
    sometimes: (_own, other) => other === 1,
  }),
  fact('walk-other-store', 'a page walk sees a store of another CPU that is not visible yet', no, {
    machine: { ...machine, spare: 1 },
    cpus: [
      (cpu) => cpu.map(0, cpu.spare()),
      function* (cpu) {
        const old = yield* readsOld(cpu)
        return [old, frameOf(yield* cpu.readEntry(1, 0)) === cpu.frame(0)]
      },
    ],
    reached: (_done, walkedOld, loadedOld) => walkedOld === 0 && loadedOld === 1,
    sometimes: (_done, walkedOld, loadedOld) => walkedOld === 1 && loadedOld === 1,
  }),
  fact('walk-marks-store', 'A that a walk has set is lost under a store of its own CPU', no, {
    machine: { ...machine, spare: 1 },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare(), MAPPED & ~A)
        const reads = yield* cpu.choose(2)
        if (reads) yield* cpu.read(0)
        yield* cpu.mfence()
        return [reads, (yield* cpu.readEntry(1, 0)) & A]
      },
    ],
    reached: (reads, accessed) => reads === 1 && accessed === 0,
    sometimes: (reads, accessed) => reads === 0 && accessed === 0,
  }),
  fact('fetch-own-store', 'the walk for an instruction fetch misses the store of its own CPU', yes, {
    ...fetched({ serializes: false }),
    reached: (old) => old === 1,
  }),
  fact('fetch-seen-store', 'the walk for an instruction fetch sees a store that other CPUs do not see', yes, {
    machine: { ...machine, spare: 1, protection: true },
    words,
    cpus: [
      function* (cpu, { x }) {
        yield* cpu.map(0, cpu.spare())
        const { frame } = yield* cpu.fetch(0)
        return [frame === cpu.spare(), yield* cpu.load(x)]
      },
      function* (cpu, { x }) {
        yield* cpu.xchg(x, 1)
        return yield* readsOld(cpu)
      },
    ],
    reached: (own, x, old) => own === 1 && x === 0 && old === 1,
  }),
  fact('fetch-serialized', 'it does so behind a serializing instruction', no, {
    ...fetched({ serializes: true, eviction: true }),
    reached: (old, acted) => acted === 1 && old === 1,
    sometimes: (old, acted) => acted === 0 && old === 1,
  }),
  fact('fetch-upper', 'it misses a store to an upper-level entry, and reads the table of before', yes, {
    machine: { ...machine, pages: [0, 2], protection: true },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        return (yield* cpu.fetch(0)).frame === cpu.frame(0)
      },
    ],
    reached: (old) => old === 1,
  }),
  fact('entry-store', 'another CPU reads the old entry after its store, which is still in the buffer', yes, {
    machine,
    words,
    cpus: [
      function* (cpu, { x }) {
        yield* cpu.unmap(0)
        return yield* cpu.load(x)
      },
      function* (cpu, { x }) {
        yield* cpu.xchg(x, 1)
        return (yield* cpu.readEntry(1, 0)) === 0
      },
    ],
    reached: (x, gone) => x === 0 && gone === 0,
  }),

  fences('mfence', 'MFENCE', (cpu) => cpu.mfence()),
  fences('xchg', 'XCHG', (cpu, z) => cpu.xchg(z, 1)),
  fences('cmpxchg', 'CMPXCHG', (cpu, z) => cpu.cmpxchg(z, 3, 1)),
  fences('add', 'a locked addition', (cpu, z) => cpu.fetchAdd(z, 1)),
  fences('or', 'a locked or', (cpu, z) => cpu.fetchOr(z, 1)),
  fences('and', 'a locked and', (cpu, z) => cpu.fetchAnd(z, 1)),
  fences('xchg-entry', 'a locked exchange of an entry', (cpu) => cpu.xchgEntry(1, 0, 0)),
  fences('invlpg', 'INVLPG', (cpu) => cpu.invlpg(0)),
  fences('cr3', 'MOV to CR3', (cpu) => cpu.loadCr3(0)),
  fences('serialize', 'a serializing instruction', (cpu) => cpu.serialize()),
  fences('invpcid', 'INVPCID', (cpu) => cpu.invpcid(ALL_CONTEXTS), { pcids: 1 }),
  fences('cr4', 'a write to CR4', (cpu) => cpu.writeControls(PGE), { globals: true }),
  fences('xapic', 'an IPI that the xAPIC sends', (_cpu, _z, kernel) => kernel.sendIpi(kernel.id, 'tick')),
  fences('rar', 'a RAR signal', (cpu) => cpu.rar.send(cpu.id), { rar: 1 }),
  fences('iommu', 'a submission to the IOMMU', (cpu, z) => cpu.iommu.signal(z), { devices: 1 }),
  passes('x2apic', 'an IPI that the x2APIC sends', (_cpu, _z, kernel) => kernel.sendIpi(kernel.id, 'tick'), {
    x2apic: true,
  }),
  passes('invlpgb', 'INVLPGB', (cpu) => cpu.invlpgb({}), { invlpgb: 1 }),

  fact('iret', 'a load behind a handler is done before a store of the handler is visible', no, {
    machine,
    words,
    interrupts: {
      *tick(cpu, { x }) {
        yield* cpu.store(x, 1)
      },
    },
    cpus: [
      function* (cpu, { x, y }, kernel) {
        const handled = yield* cpu.choose(2)
        yield* handled ? kernel.sendIpi(0, 'tick') : cpu.store(x, 1)
        yield* cpu.until(x, 1)
        return [handled, yield* cpu.load(y)]
      },
      opposite,
    ],
    reached: (handled, y, x) => handled === 1 && y + x === 0,
    sometimes: (handled, y, x) => handled === 0 && y + x === 0,
  }),
  fact('taken', 'a load of a handler is done before a store of the code that it interrupts is visible', yes, {
    machine: { storeBuffer: 2 },
    words,
    interrupts: {
      *tick(cpu, { y, seen }) {
        yield* cpu.store(seen, 1 + (yield* cpu.load(y)))
      },
    },
    cpus: [
      function* (cpu, { x }, kernel) {
        yield* cpu.cli()
        yield* kernel.sendIpi(0, 'tick')
        yield* cpu.store(x, 1)
        yield* cpu.sti()
      },
      opposite,
    ],
    observe: (read, { seen }) => [read(seen)],
    reached: (_done, x, seen) => x === 0 && seen === 1,
  }),
]
