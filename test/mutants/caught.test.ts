/** Every broken machine, kernel and hypervisor of the catalogue is caught, and none of them when it is whole. */
import { describe, expect, it } from 'vitest'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { quiet } from '../explore/quiet.ts'
import { firstViolation, type Search } from './broken-world.ts'
import { hardware } from './hardware.ts'
import { hypervisor } from './hypervisor.ts'
import { kernel } from './kernel.ts'
import type { Mutant } from './mutant.ts'

const boundsOf = ({ bounds }: Mutant): Bounds => quiet({ groups: [[0]], preemptions: 0, ...bounds })
const searchOf = (mutant: Mutant): Search => ({
  policy: mutant.by,
  bounds: boundsOf(mutant),
  workloads: mutant.workloads,
})
const all = [...hardware, ...kernel, ...hypervisor]

describe.each([
  ['hardware', hardware],
  ['kernel', kernel],
  ['hypervisor', hypervisor],
])('broken %s', (_, mutants) => {
  it.each(mutants)('$name: $by.name is not safe any more, it violates $breaks', (mutant) => {
    expect(firstViolation(searchOf(mutant), mutant.breakage)?.invariant).toBe(mutant.breaks)
  })
})

describe('the same searches of machines that are whole', () => {
  const searches = new Map(
    all.map((mutant) => [JSON.stringify([mutant.by.name, boundsOf(mutant), mutant.workloads]), mutant]),
  )

  it.each([...searches.values()])('find nothing ($by.name, as for "$name")', (mutant) => {
    expect(firstViolation(searchOf(mutant))).toBeUndefined()
  })

  it('are of 36 mutants or more, each with a name of its own', () => {
    expect(all.length).toBeGreaterThanOrEqual(35)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })
})
