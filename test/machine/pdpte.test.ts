/** PDPTE registers: SDM vol. 3, "PDPTE Registers". */
import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import { machineConfig } from '../../src/machine/config.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/tables.ts'

const machine = { levels: 3, pages: [0, 4], pdptes: true, vcpus: 1 }
const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()

/** Unhooks the whole path of page 4, flushes, frees its tables and lets the processor walk there once more. */
const unmapping = (reloads: boolean, pdptes: boolean): Experiment =>
  experiment({
    machine: { ...machine, pdptes },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* cpu.read(4)
        for (const level of [1, 2, 3]) yield* perform(CLEAR_ENTRY, cpu.table(level, 4), place(level, 4))
        yield* reloads ? cpu.loadCr3(0) : cpu.invlpg(4)
        for (const level of [1, 2]) yield* kernel.freeTableNow(cpu.table(level, 4))
        return (yield* cpu.read(4)).fault ? 1 : 0
      },
    ],
  })

describe('the PDPTE registers', () => {
  it('survive INVLPG, and lead a walk into a table that was freed behind it', () => {
    expect(names(unmapping(false, true))).toEqual(['hardware-walk'])
  })

  it('survive a page fault on their way', () => {
    const { outcomes } = experiment({
      machine,
      cpus: [
        function* (cpu) {
          const leaf = yield* cpu.readEntry(1, 4)
          yield* cpu.setEntry(1, 4, 0)
          const missing = (yield* cpu.read(4)).fault
          yield* cpu.setEntry(3, 4, 0)
          yield* cpu.setEntry(1, 4, leaf)
          return (missing ? 2 : 0) + ((yield* cpu.read(4)).fault ? 1 : 0)
        },
      ],
    })
    expect(outcomes).toEqual([[0b10]])
  })

  it('are loaded anew by MOV to CR3', () => {
    const found = unmapping(true, true)
    expect(names(found)).toEqual([])
    expect(found.outcomes).toEqual([[1]])
  })

  it('are not there with other paging, where INVLPG is enough', () => {
    expect(names(unmapping(false, false))).toEqual([])
  })

  it('that were loaded from an entry that was not present fault until they are loaded again', () => {
    const { outcomes } = experiment({
      machine: { ...machine, eviction: true },
      *setup(cpu) {
        yield* cpu.setEntry(3, 4, 0)
        yield* cpu.loadCr3(0)
        yield* cpu.setEntry(3, 4, entry(cpu.table(2, 4), P | RW | US))
      },
      cpus: [
        function* (cpu) {
          const first = yield* cpu.read(4)
          yield* cpu.invlpg(4)
          const second = yield* cpu.read(4)
          yield* cpu.loadCr3(0)
          const third = yield* cpu.read(4)
          return [first, second, third].reduce((bits, { fault }) => bits * 2 + (fault ? 1 : 0), 0)
        },
      ],
    })
    expect(outcomes).toEqual([[0b110]])
  })

  it('are loaded by a change of CR4.PGE as well', () => {
    const { outcomes } = experiment({
      machine: { ...machine, globals: true },
      cpus: [
        function* (cpu, _words, _kernel) {
          yield* cpu.setEntry(3, 4, 0)
          const before = (yield* cpu.read(4)).fault
          yield* cpu.writeControls(0, 1 << 5)
          return (before ? 2 : 0) + ((yield* cpu.read(4)).fault ? 1 : 0)
        },
      ],
    })
    expect(outcomes).toEqual([[0b01]])
  })

  it('are a matter of three levels', () => {
    expect(() => machineConfig({ pdptes: true })).toThrow(
      'machine.pdptes is true; expected false, or 3 levels',
    )
  })
})
