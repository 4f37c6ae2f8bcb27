/** Our own facts about what processors choose differently: each is a feature of the machine, on in one fact, off in its twin. */
import { D, G, MAPPED, PS, RW, entry } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import type { AnyPolicy } from '../../../src/guest/policy.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

/** A large page is read at one of its pages or at both; then a table of small ones takes its place. */
const split = (machine: Partial<MachineConfig>) => ({
  machine: { pages: [0, 1], spare: 1, ...machine },
  *setup(cpu: X86): Code {
    yield* cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED | PS))
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.read(0)
      const accessed = yield* cpu.choose(2)
      if (accessed) yield* cpu.read(1)
      yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), MAPPED))
      return [accessed, Number((yield* cpu.read(1)).frame === cpu.spare())]
    },
  ],
})

/** A page that is cached comes to lead elsewhere, is flushed at the explorer's pick of `n`, and is read twice. */
const remapped = (machine: Partial<MachineConfig>, n: number) => ({
  machine: { spare: 1, ...machine },
  *setup(cpu: X86): Code {
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86): Code<(number | boolean)[]> {
      yield* cpu.map(0, cpu.spare())
      const flushed = n === 0 ? 0 : yield* cpu.choose(n)
      if (flushed) yield* cpu.invlpg(0)
      return [yield* readsOld(cpu), yield* readsOld(cpu), flushed]
    },
  ],
})

/** A page is written while another CPU takes R/W away: D of the entry at that moment and afterwards. */
const dirtied = (machine: Partial<MachineConfig>) => ({
  machine,
  cpus: [
    function* (cpu: X86): Code<number[]> {
      const { fault } = yield* cpu.write(0)
      return [Number(fault), (yield* cpu.readEntry(1, 0)) & (D | RW)]
    },
    function* (cpu: X86): Code<number> {
      const before = yield* cpu.xchgEntry(1, 0, entry(cpu.frame(0), MAPPED & ~RW))
      return before & D
    },
  ],
})
const tooLate = (_fault: number, after: number, before: number): boolean => after === D && before === 0

/** What is cached, before a hypercall and after it. */
const leaving: AnyPolicy = {
  name: 'leaving',
  summary: 'The host does nothing.',
  *flush() {},
  hypercalls: { *nothing() {} },
}
const exits = (vpid: boolean) => ({
  machine: { spare: 1, vpid, ...(vpid ? {} : restless) },
  policy: leaving,
  *setup(cpu: X86): Code {
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86, _words: unknown, kernel: Pick<Cpu, 'hypercall'>): Code<number[]> {
      yield* cpu.map(0, cpu.spare())
      const left = yield* cpu.choose(2)
      if (left) yield* kernel.hypercall('nothing', 0, [])
      return [left, Number(yield* readsOld(cpu))]
    },
  ],
})
const after = (first: number, second: number): boolean => first === 1 && second === 1
const without = (first: number, second: number): boolean => first === 0 && second === 1

export const choices = [
  fact('fractured', 'a large page is cached for a page of it that nobody has accessed', no, {
    ...split({}),
    reached: without,
    sometimes: after,
  }),
  fact('whole', 'a large page that is cached whole is so for a page of it that nobody has accessed', yes, {
    ...split({ fractured: false }),
    reached: without,
  }),
  fact('alternate', 'an access uses the old translation after one has used the new', yes, {
    ...remapped({ alternates: true }, 0),
    reached: (first, second) => first === 0 && second === 1,
  }),
  fact('alternate-not', 'it does so on a CPU that keeps to what it has cached', no, {
    ...remapped(restless, 0),
    reached: (first, second) => first === 0 && second === 1,
    sometimes: (first, second) => first === 1 && second === 1,
  }),
  fact('alternate-flushed', 'it does so behind INVLPG', no, {
    ...remapped({ alternates: true, ...restless }, 2),
    reached: (first, second, flushed) => flushed === 1 && first + second > 0,
    sometimes: (first, second, flushed) => flushed === 0 && first === 0 && second === 1,
  }),
  fact('racy-dirty', 'D is set in an entry that has lost R/W, by a CPU that takes no second look', yes, {
    ...dirtied({ racyDirty: true }),
    reached: tooLate,
  }),
  fact('strict-dirty', 'D is set in an entry that has lost R/W', no, {
    ...dirtied(restless),
    reached: tooLate,
    sometimes: (fault, dirty, before) => fault === 0 && dirty === 0 && before === D,
  }),
  fact('speculative-dirty', 'D is set in the entry of a page that nobody has written', yes, {
    machine: { speculation: 1, speculativeDirty: true },
    cpus: [
      function* (cpu) {
        return (yield* cpu.readEntry(1, 0)) & D
      },
    ],
    reached: (dirty) => dirty !== 0,
  }),
  fact('rewalk', 'a page that became writable refuses a write of a CPU that walks again', no, {
    machine: { rewalk: true, ...restless },
    *setup(cpu) {
      yield* cpu.clearFlags(1, 0, RW)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        const writable = yield* cpu.choose(2)
        if (writable) yield* cpu.setFlags(1, 0, RW)
        return [writable, (yield* cpu.write(0)).fault]
      },
    ],
    reached: after,
    sometimes: without,
  }),
  fact('erratum', 'INVLPG leaves a global translation while PCIDs are on, by an erratum', yes, {
    machine: { pcids: 1, globals: true, spare: 1, invlpgMissesGlobals: true },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, G)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.invlpg(0)
        return yield* readsOld(cpu)
      },
    ],
    reached: (old) => old === 1,
  }),
  fact('vpid', 'a translation outlives a VM exit', yes, { ...exits(true), reached: after }),
  fact('no-vpid', 'a translation outlives a VM exit without VPIDs', no, {
    ...exits(false),
    reached: after,
    sometimes: without,
  }),
  fact('dma', 'a device writes a page that nobody has told it to write', yes, {
    machine: { devices: 1, dmas: 1 },
    cpus: [
      function* (cpu) {
        return (yield* cpu.readEntry(1, 0)) & D
      },
    ],
    reached: (dirty) => dirty !== 0,
  }),
  fact('any-table', 'a page that was given back becomes a table', yes, {
    machine: { anyTable: true },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* cpu.unmap(0)
        yield* kernel.put(cpu.frame(0))
        return (yield* kernel.allocate('table')) === cpu.frame(0)
      },
    ],
    reached: (table) => table === 1,
  }),
]
