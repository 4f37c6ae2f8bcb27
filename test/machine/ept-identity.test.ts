/** An EPT that maps every frame to itself changes nothing that a program can see, whatever else the machine can do. */
import { describe, expect, it } from 'vitest'
import type { Access } from '../../src/machine/access-result.ts'
import { experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { A, G, P, RW, US, entry } from '../../src/machine/entry.ts'

type Bare = Program<object>

const changes: readonly Bare[] = [
  function* (cpu) {
    yield* cpu.clearFlags(2, 0, A)
    yield* cpu.clearFlags(1, 0, P)
    yield* cpu.invlpg(0)
    return (yield* cpu.readEntry(2, 0)) & A ? 1 : 0
  },
  function* (cpu) {
    yield* cpu.clearFlags(1, 0, RW)
    yield* cpu.invlpg(0)
    return (yield* cpu.readEntry(1, 0)) & 0xff
  },
  function* (cpu) {
    yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US | (cpu.config.globals ? G : 0)))
    yield* cpu.loadCr3(0)
    const { frame, fault } = yield* cpu.read(0)
    return frame * 2 + (fault ? 1 : 0)
  },
  function* (cpu) {
    yield* cpu.setEntry(2, 0, 0)
    yield* cpu.invlpg(0)
    yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), P | RW | US))
    return (yield* cpu.readEntry(2, 0)) & A ? 1 : 0
  },
]
const accesses: Bare = function* (cpu) {
  const first = yield* cpu.read(0)
  const second = yield* cpu.write(0)
  const told = ({ frame, code, value }: Access): number => (frame * 32 + code) * 2 + value
  return told(first) * 1024 + told(second)
}

const machines: readonly (readonly [string, Partial<MachineConfig>])[] = [
  ['nothing else', {}],
  ['A set late', { lateAccessed: true }],
  ['D set without a second look', { racyDirty: true }],
  ['a re-walk before faults', { rewalk: true }],
  ['a multi-hit TLB', { multihit: true }],
  ['global pages', { globals: true, pcids: 2 }],
  ['protection', { protection: true }],
  ['large pages cached whole, and TCE', { fractured: false, tce: true }],
  ['eviction', { eviction: true }],
  ['speculation', { speculation: 1, speculativeDirty: true }],
  ['no paging-structure caches', { structureCaches: false }],
  ['frame contents', { contents: true }],
  ['store buffers', { storeBuffer: 1, contents: true }],
  ['frames that become tables', { anyTable: true }],
]

const one: Partial<MachineConfig> = { ept: 1 }
const all: Partial<MachineConfig> = { ept: 1, eptTables: true, eptDirty: true }

describe.each(machines)('with %s', (_what, machine) => {
  // With eviction the second takes half a minute.
  it.each([one, all].slice(0, machine.eviction === true ? 1 : 2))(
    'an EPT (%j) leaves all outcomes as they are',
    (ept) => {
      for (const change of changes) {
        const run = (more: Partial<MachineConfig>) =>
          experiment({ machine: { spare: 1, ...machine, ...more }, cpus: [change, accesses] })
        const [plain, nested] = [run({}), run(ept)]
        expect(plain.outcomes.length).toBeGreaterThan(1)
        // A speculative walk that has read the leaf entry is not over yet: it may fill the TLB behind a page fault.
        if (machine.speculation === 1)
          expect(nested.outcomes).toEqual(expect.arrayContaining([...plain.outcomes]))
        else expect(nested.outcomes).toEqual(plain.outcomes)
        expect([...nested.violations.keys()]).toEqual([...plain.violations.keys()])
      }
    },
  )
})
