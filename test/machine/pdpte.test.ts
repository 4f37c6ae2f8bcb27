/** PAE paging: walks begin from registers that only a load of CR3, or of some control bits, fills. */
import { describe, expect, it } from 'vitest'
import { P, PGE, RW, US, entry, experiment, type Program } from '../../src/experiment/index.ts'
import { machineConfig, type MachineConfig } from '../../src/machine/config.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'

type Bare = Program<Record<string, never>>

const pae = { levels: 3, pdptes: true }
const TOP = 3

/** Which reads of page 0 can fault after a top-level entry was cleared and something was done about it. */
const afterClearing = (act: (cpu: X86) => Code, machine: Partial<MachineConfig> = pae): readonly unknown[] =>
  experiment({
    machine,
    cpus: [
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.setEntry(TOP, 0, 0)
        yield* act(cpu)
        const { fault } = yield* cpu.read(0)
        return fault ? 1 : 0
      },
    ],
  }).outcomes

const invlpg = function* (cpu: X86): Code {
  yield* cpu.invlpg(0)
}

describe('a top-level entry that was cleared', () => {
  it('is used after INVLPG all the same', () => {
    expect(afterClearing(invlpg)).toEqual([[0]])
    expect(afterClearing(invlpg, { levels: 3 })).toEqual([[1]])
  })

  it('is used whatever cached translations are lost', () => {
    expect(afterClearing(invlpg, { ...pae, eviction: true })).toEqual([[0]])
  })

  it('is used no more after a load of CR3, or of CR4.PGE', () => {
    const load = function* (cpu: X86): Code {
      yield* cpu.reloadCr3()
    }
    const toggle = function* (cpu: X86): Code {
      yield* cpu.writeControls(0, PGE)
    }
    expect(afterClearing(load)).toEqual([[1]])
    expect(afterClearing(toggle, { ...pae, globals: true })).toEqual([[1]])
  })
})

it('an entry that was put back is used after the next load only: a fault does not look for it', () => {
  const { outcomes } = experiment({
    machine: pae,
    cpus: [
      function* (cpu) {
        const below = cpu.table(2, 0)
        yield* cpu.setEntry(TOP, 0, 0)
        yield* cpu.reloadCr3()
        yield* cpu.setEntry(TOP, 0, entry(below, P | RW | US))
        const first = yield* cpu.read(0)
        const second = yield* cpu.read(0)
        yield* cpu.reloadCr3()
        const third = yield* cpu.read(0)
        return (first.fault ? 4 : 0) + (second.fault ? 2 : 0) + (third.fault ? 1 : 0)
      },
    ],
  })
  expect(outcomes).toEqual([[6]])
})

it('each CPU has registers of its own', () => {
  const reader: Bare = function* (cpu) {
    const { fault } = yield* cpu.read(0)
    return fault ? 1 : 0
  }
  const { outcomes } = experiment({
    machine: pae,
    *setup(cpu) {
      yield* cpu.setEntry(TOP, 0, 0)
      yield* cpu.reloadCr3()
    },
    cpus: [reader, reader],
  })
  expect(outcomes).toEqual([[1, 0]])
})

it('a register that a completed flush should have replaced is found out when it is used', () => {
  const flushed = (replaces: boolean): string[] => [
    ...experiment({
      machine: pae,
      cpus: [
        function* (cpu, _words, kernel) {
          yield* kernel.mm(0).clearEntry(TOP, 0)
          if (replaces) yield* cpu.reloadCr3()
          yield* kernel.mm(0).flush([0])
          yield* cpu.read(0)
        },
      ],
    }).violations.keys(),
  ]
  expect(flushed(false)).toEqual(['stale-translation'])
  expect(flushed(true)).toEqual([])
})

it('a table that was freed is found out when a register leads to it', () => {
  const { violations } = experiment({
    machine: pae,
    cpus: [
      function* (cpu, _words, kernel) {
        const table = yield* kernel.mm(0).clearEntry(TOP, 0)
        yield* cpu.invlpg(0)
        yield* kernel.freeTableNow(table)
        yield* cpu.read(0)
      },
    ],
  })
  expect([...violations.keys()]).toEqual(['hardware-walk'])
})

it('PAE paging has three levels and no PCIDs', () => {
  expect(() => machineConfig({ pdptes: true })).toThrow('machine.levels is 2; expected 3 with "pdptes"')
  expect(() => machineConfig({ ...pae, pcids: 1 })).toThrow('machine.pcids is 1; expected 0 with "pdptes"')
})
