/** Every broken machine, kernel and hypervisor of the catalogue is caught, and none of them when it is whole. */
import { describe, expect, it } from 'vitest'
import { firstViolation } from './broken-world.ts'
import { hardware } from './hardware.ts'
import { hypervisor } from './hypervisor.ts'
import { kernel } from './kernel.ts'
import { searchOf } from './mutant.ts'

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
    all.map((mutant) => [
      JSON.stringify([mutant.by.name, searchOf(mutant).bounds, mutant.workloads]),
      mutant,
    ]),
  )

  it.each([...searches.values()])('find nothing ($by.name, as for "$name")', (mutant) => {
    expect(firstViolation(searchOf(mutant))).toBeUndefined()
  })

  it('are of 36 mutants or more, each with a name of its own', () => {
    expect(all.length).toBeGreaterThanOrEqual(35)
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })
})
