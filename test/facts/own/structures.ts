/** Our own facts about paging-structure caches: which instruction leaves which upper-level entry. */
import { MAPPED, PS, RW, entry } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import { ALL_CONTEXTS, INDIVIDUAL_ADDRESS, SINGLE_CONTEXT } from '../../../src/machine/pcid.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

/** The way to page 1 is cached; its PMD entry is changed, then `act` is done or not, and page 0 beside it is read. */
const rerouted = (
  act: (cpu: X86) => Code<unknown>,
  machine: Partial<MachineConfig> = { eviction: true },
) => ({
  machine: { pages: [0, 1, 2], ...machine },
  *setup(cpu: X86): Code {
    yield* cpu.read(1)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
      const acted = yield* cpu.choose(2)
      if (acted) yield* act(cpu)
      return [acted, Number(yield* readsOld(cpu, 0))]
    },
  ],
})
const leaves = (acted: number, old: number): boolean => acted === 1 && old === 1
const otherwise = (acted: number, old: number): boolean => acted === 0 && old === 1

const pcids = { pcids: 2, uncachedLevels: 0b1100 }

export const structures = [
  fact('upper-invlpg', 'INVLPG leaves an upper-level entry on the way to another page', no, {
    ...rerouted((cpu) => cpu.invlpg(2)),
    reached: leaves,
    sometimes: otherwise,
  }),
  fact('upper-tce', 'INVLPG with TCE leaves an upper-level entry that is not on its way', yes, {
    ...rerouted((cpu) => cpu.invlpg(2), { tce: true }),
    reached: leaves,
  }),
  fact('upper-tce-own', 'INVLPG with TCE leaves an upper-level entry that is on its way', no, {
    ...rerouted((cpu) => cpu.invlpg(1), { tce: true, eviction: true }),
    reached: leaves,
    sometimes: otherwise,
  }),
  fact('upper-cr3', 'MOV to CR3 leaves an upper-level entry', no, {
    ...rerouted((cpu) => cpu.loadCr3(0)),
    reached: leaves,
    sometimes: otherwise,
  }),
  ...(
    [
      ['address', INDIVIDUAL_ADDRESS],
      ['context', SINGLE_CONTEXT],
      ['contexts', ALL_CONTEXTS],
    ] as const
  ).map(([id, type]) =>
    fact(`upper-invpcid-${id}`, `INVPCID of type ${type} leaves an upper-level entry on its way`, no, {
      ...rerouted((cpu) => cpu.invpcid(type, 0, 1), pcids),
      reached: leaves,
      sometimes: otherwise,
    }),
  ),
  fact('upper-read-only', 'an upper-level entry is used with the R/W that it had when it was cached', yes, {
    machine: { pages: [0, 1] },
    *setup(cpu) {
      yield* cpu.clearFlags(2, 0, RW)
      yield* cpu.read(1)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setFlags(2, 0, RW)
        return (yield* cpu.write(0)).fault
      },
    ],
    reached: (fault) => fault === 1,
  }),
  fact(
    'upper-from-fault',
    'a walk that ends in a page fault leaves nothing of the way that it has gone',
    no,
    {
      machine: { pages: [0, 1, 2], ...restless },
      *setup(cpu) {
        yield* cpu.unmap(1)
      },
      cpus: [
        function* (cpu) {
          const other = yield* cpu.choose(2)
          yield* cpu.read(other ? 0 : 1)
          yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
          return [other, (yield* cpu.read(other ? 1 : 0)).fault]
        },
      ],
      // The way to page 1 ends in a fault, which drops it; that to page 0 does not.
      reached: (other, fault) => other === 0 && fault === 1,
      sometimes: (other, fault) => other === 1 && fault === 1,
    },
  ),
  fact('large-unmapped', 'INVLPG of an address inside leaves a large page', no, {
    machine: { spare: 1, fractured: false, ...restless },
    *setup(cpu) {
      yield* cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED | PS))
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), MAPPED))
        const flushed = yield* cpu.choose(2)
        if (flushed) yield* cpu.invlpg(1)
        return [flushed, (yield* cpu.read(0)).frame === cpu.spare()]
      },
    ],
    reached: leaves,
    sometimes: otherwise,
  }),
]
