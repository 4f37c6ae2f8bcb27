/** INVLPG that misses global translations, on CPUs that have the erratum, while CR4.PCIDE is set. */
import { expect, it } from 'vitest'
import { A, G, P, PCIDE, RW, US, entry, experiment } from '../../src/experiment/index.ts'

/** Faults of a read after the entry of a page that was read before has been cleared and flushed by INVLPG. */
const readAfterInvlpg = (
  flags: number,
  machine: { pcids: number; invlpgMissesGlobals: boolean },
  clear = 0,
): readonly (readonly number[])[] =>
  experiment({
    machine: { ...machine, globals: true },
    cpus: [
      function* (cpu) {
        if (clear !== 0) yield* cpu.writeControls(0, clear)
        yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US | A | flags))
        yield* cpu.read(0)
        yield* cpu.setEntry(1, 0, 0)
        yield* cpu.invlpg(0)
        const { fault } = yield* cpu.read(0)
        return fault ? 1 : 0
      },
    ],
  }).outcomes

it('INVLPG drops global translations', () => {
  expect(readAfterInvlpg(G, { pcids: 1, invlpgMissesGlobals: false })).toEqual([[1]])
})

it('with the erratum it leaves them alone while PCIDs are on, and drops others as ever', () => {
  expect(readAfterInvlpg(G, { pcids: 1, invlpgMissesGlobals: true })).toEqual([[0]])
  expect(readAfterInvlpg(0, { pcids: 1, invlpgMissesGlobals: true })).toEqual([[1]])
})

it('with the erratum it drops them where PCIDs are off, or do not exist', () => {
  expect(readAfterInvlpg(G, { pcids: 1, invlpgMissesGlobals: true }, PCIDE)).toEqual([[1]])
  expect(readAfterInvlpg(G, { pcids: 0, invlpgMissesGlobals: true })).toEqual([[1]])
})
