/** On a machine, a host or a kernel with a broken rule, what `shortest` finds costs what brute force says, for all that is violated. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { worldOf } from '../mutants/broken-world.ts'
import { hardware } from '../mutants/hardware.ts'
import { hypervisor } from '../mutants/hypervisor.ts'
import { kernel } from '../mutants/kernel.ts'
import { searchOf } from '../mutants/mutant.ts'
import { some } from '../thorough.ts'
import { everyState } from './brute-force.ts'

/** Brute force lowers the cost of every state again and again. */
const SMALL = 3000

const isSmall = (thrown: unknown): boolean => !String(thrown).includes('More than')

describe.each(some([...hardware, ...hypervisor, ...kernel], 8))('$name:', (mutant) => {
  const { policy, bounds, workloads } = searchOf(mutant)
  const { breakage } = mutant

  it.each([
    ['by taking the transitions', 0],
    ['by what was learned of them', Infinity],
  ])('the smallest schedules are the smallest, %s', (_, states) => {
    for (const workload of workloads ?? boundedWorkloads(policy, bounds.vcpus, 2, bounds.groups)) {
      const world = worldOf(policy, bounds, workload, breakage)
      try {
        if (explore(world, { maxStates: SMALL, learnsAfter: Infinity }).violation === undefined) continue
      } catch (thrown) {
        if (isSmall(thrown)) throw thrown
        continue
      }
      const least = everyState(world)
      world.inside.experience.states = states
      for (const [invariant, cost] of least) expect(shortest(world, { invariant }).found?.cost).toEqual(cost)
      expect(least.size).toBeGreaterThan(0)
      return
    }
  })
})
