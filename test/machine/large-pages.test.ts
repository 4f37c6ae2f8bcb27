/** Large pages in experiments: which entries map one, and what invalidates it. */
import { expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { MAPPED, PS, entry } from '../../src/machine/entry.ts'
import { INDIVIDUAL_ADDRESS } from '../../src/machine/pcid.ts'
import { PF_P, PF_RSVD, PF_U } from '../../src/machine/rights.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'

/** Page 0 is cached as a part of a large page that covers page 1 as well; then the tables say otherwise. */
function* outdated(cpu: X86): Code {
  yield* cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED | PS))
  yield* cpu.read(0)
  yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), MAPPED))
}
const afterwards = (act: (cpu: X86) => Code<unknown>): readonly (readonly number[])[] =>
  experiment({
    machine: { spare: 1, pcids: 1, levels: 4 },
    setup: outdated,
    cpus: [
      function* (cpu) {
        yield* act(cpu)
        return (yield* cpu.read(0)).frame === cpu.spare()
      },
    ],
  }).outcomes

it('a large page stays until an address in it is invalidated, mapped at the start or not', () => {
  expect(afterwards((cpu) => cpu.invlpg(2))).toEqual([[1]])
  expect(afterwards((cpu) => cpu.invlpg(1))).toEqual([[0]])
  expect(afterwards((cpu) => cpu.invpcid(INDIVIDUAL_ADDRESS, 0, 2))).toEqual([[1]])
  expect(afterwards((cpu) => cpu.invpcid(INDIVIDUAL_ADDRESS, 0, 1))).toEqual([[0]])
})

it('INVLPG with TCE drops the upper entries on the path of its address, mapped at the start or not', () => {
  /** Whether a walk can begin in the old table of PTEs, which the PMD does not lead to any more. */
  const beginsInOldTable = (tce: boolean, address: number): boolean =>
    experiment({
      machine: { tce, pages: [0, 2], spare: 1, eviction: true },
      *setup(cpu) {
        yield* cpu.read(0)
        yield* cpu.map(0, cpu.spare())
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
      },
      cpus: [
        function* (cpu) {
          yield* cpu.invlpg(address)
          return (yield* cpu.read(0)).frame === cpu.spare()
        },
      ],
    }).reachable((old) => old === 1)
  expect([0, 1, 2, 3].map((address) => beginsInOldTable(true, address))).toEqual([false, false, true, true])
  expect([0, 1, 2, 3].map((address) => beginsInOldTable(false, address))).toEqual([
    false,
    false,
    false,
    false,
  ])
})

it('PS in a PTE is no large page: INVLPG of its neighbour leaves it', () => {
  const { outcomes } = experiment({
    machine: { pages: [0, 1], spare: 1 },
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, PS)
      yield* cpu.read(0)
      yield* cpu.map(0, cpu.spare())
    },
    cpus: [
      function* (cpu) {
        yield* cpu.invlpg(1)
        return (yield* cpu.read(0)).frame === cpu.frame(0)
      },
    ],
  })
  expect(outcomes).toEqual([[1]])
})

it('PS maps a large page up to the level of the PUD, and is reserved above', () => {
  const code = (level: number): number =>
    experiment({
      machine: { levels: 5, protection: true, spare: 1 },
      *setup(cpu) {
        yield* cpu.setEntry(level, 0, entry(cpu.spare(), MAPPED | PS))
      },
      cpus: [
        function* (cpu) {
          return (yield* cpu.read(0)).code
        },
      ],
    }).outcomes[0][0]
  expect([2, 3, 4, 5].map(code)).toEqual([0, 0, PF_P | PF_RSVD | PF_U, PF_P | PF_RSVD | PF_U])
})
