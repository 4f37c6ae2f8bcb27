/** Transitions of a world are told apart by their names, and belong to one actor each, in every state. */
import { describe, expect, it } from 'vitest'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { Random } from '../../src/engine/random.ts'
import { policies } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { sampleWorkload } from '../../src/scenario/sample.ts'
import type { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from '../explore/quiet.ts'

const busy: Bounds = quiet({
  vcpus: 3,
  pcpus: 2,
  migration: true,
  preemptions: 3,
  speculation: 2,
  eviction: true,
})

/** Goes a random way from the beginning to the end, and looks at what is enabled on it. */
function wander(world: World, random: Random, look: (enabled: readonly number[]) => void): void {
  const out = new Int32Array(MAX_ENABLED)
  for (let steps = 0; steps < 400 && world.violation === undefined; steps++) {
    const enabled = [...out.subarray(0, world.enabled(out))]
    look(enabled)
    if (world.progress === 0) return
    world.apply(enabled[random.below(enabled.length)])
  }
}

describe.each(policies.map((policy) => [policy.name, policy] as const))('under %s', (_, policy) => {
  const random = new Random(17)
  const worlds = new Worlds(policy, busy)
  const limits = { vcpus: 3, operations: 6, groups: busy.groups }

  it('enabled transitions have different names, progress comes first, and each has its actor', () => {
    for (let i = 0; i < 12; i++) {
      const world = worlds.at(sampleWorkload(random, policy, limits))
      wander(world, random, (enabled) => {
        expect(enabled.length).toBeLessThan(MAX_ENABLED / 4)
        expect(world.progress).toBeLessThanOrEqual(enabled.length)
        const names = enabled.map((transition) => world.name(transition))
        expect(new Set(names).size).toBe(names.length)
        for (const [i, name] of names.entries()) {
          expect(/^(preempt|speculate|walker|evict) /.test(name)).toBe(i >= world.progress)
          const actor = world.actor(enabled[i])
          expect(actor).toBeGreaterThanOrEqual(0)
          expect(actor).toBeLessThan(world.actors)
        }
      })
    }
  })

  it('a run from the beginning of the same workload is the same run', () => {
    const workload = sampleWorkload(new Random(3), policy, limits)
    const run = (): number[] => {
      const world = worlds.at(workload)
      const seen: number[] = []
      wander(world, new Random(8), (enabled) => seen.push(...enabled, ...world.state))
      return seen
    }
    expect(run()).toEqual(run())
  })
})

describe('random workloads', () => {
  it('keep to their limits: vCPUs, operations, pages, and the operations of the policy once at most', () => {
    const random = new Random(1)
    for (const policy of policies) {
      const own = Object.keys(policy.operations ?? {})
      for (const operations of [1, 2, 5]) {
        for (let i = 0; i < 50; i++) {
          const workload = sampleWorkload(random, policy, { vcpus: 2, operations, groups: [[0], [2, 3]] })
          const all = workload.flat()
          const guest = all.filter(({ op }) => !own.includes(op))
          expect(workload).toHaveLength(2)
          expect(guest.length).toBeLessThanOrEqual(operations)
          expect(guest.length).toBeGreaterThanOrEqual(Math.min(2, operations))
          for (const name of own) expect(all.filter(({ op }) => op === name).length).toBeLessThanOrEqual(1)
          for (const { page } of all) expect([undefined, 0, 2, 3]).toContain(page)
        }
      }
    }
  })
})
