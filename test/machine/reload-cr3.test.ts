/** MOV CR3, CR3: a flush of the translations of this PCID, in the address space that is loaded. */
import { expect, it } from 'vitest'
import { experiment } from '../../src/experiment/index.ts'

it('it drops what this CPU has cached, and stays in its address space', () => {
  const { outcomes } = experiment({
    machine: { spaces: 2 },
    cpus: [
      function* (cpu) {
        yield* cpu.loadCr3(1)
        yield* cpu.read(0)
        yield* cpu.setEntry(1, 0, 0, cpu.table(1, 0, 1))
        yield* cpu.reloadCr3()
        const gone = yield* cpu.read(0)
        yield* cpu.loadCr3(0)
        const other = yield* cpu.read(0)
        return (gone.fault ? 2 : 0) + (other.fault ? 1 : 0)
      },
    ],
  })
  expect(outcomes).toEqual([[2]])
})

it('it keeps the PCID, and what is cached under another one', () => {
  const { outcomes } = experiment({
    machine: { pcids: 2 },
    cpus: [
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.loadCr3(0, { pcid: 1 })
        yield* cpu.read(0)
        yield* cpu.setEntry(1, 0, 0)
        yield* cpu.reloadCr3()
        const mine = yield* cpu.read(0)
        yield* cpu.loadCr3(0, { pcid: 0, noflush: true })
        const others = yield* cpu.read(0)
        return (mine.fault ? 2 : 0) + (others.fault ? 1 : 0)
      },
    ],
  })
  expect(outcomes).toEqual([[2]])
})
