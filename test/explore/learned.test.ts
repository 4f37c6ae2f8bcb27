/**
 * A search by what was learned of transitions sees what a search sees that takes them: the same states in the same
 * order, the same violations and deadlocks, the same dangers, whatever the policy, the machine, and what is broken about
 * either.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { System } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervList, nativeIpi, policies } from '../../src/policies/index.ts'
import { Protocol, Space } from '../../src/protocol/index.ts'
import { reduced } from '../../src/reduce/index.ts'
import { boundsFor, type Bounds } from '../../src/scenario/bounds.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import type { World } from '../../src/scenario/world.ts'
import { worldOf } from '../mutants/broken-world.ts'
import { hardware } from '../mutants/hardware.ts'
import { hypervisor } from '../mutants/hypervisor.ts'
import { kernel } from '../mutants/kernel.ts'
import { mistakes } from '../mutants/mistakes.ts'
import { on } from '../mutants/mutant.ts'
import { protocolOf, shapes } from '../reduce/random-protocol.ts'
import { some, thorough } from '../thorough.ts'

const TOO_MANY = 5000

/** Everything that a search tells of a system, in the order in which it meets it. */
function told(system: System, learns: boolean): object {
  const ends: string[] = []
  const observer = {
    ended: () => void ends.push(`end ${system.state.join()}`),
    stuck: ({ explanation }: { explanation: string }) =>
      void ends.push(`${explanation} ${system.state.join()}`),
    violated: ({ explanation }: { explanation: string }) =>
      void ends.push(`${explanation} ${system.state.join()}`),
  }
  const { states, transitions, depth, violated } = explore(system, {
    observer,
    maxStates: TOO_MANY,
    learnsAfter: learns ? 0 : Infinity,
  })
  // A search that begins anew with more room tells again what it has told.
  return { states, transitions, depth, violated: [...violated], ends: [...new Set(ends)] }
}

/** The first violation alone, and how far the search went until then. */
function first(system: System, learns: boolean): object {
  const { states, transitions, violation } = explore(system, {
    maxStates: TOO_MANY,
    learnsAfter: learns ? 0 : Infinity,
  })
  return { states, transitions, violation }
}

const isTooLarge = (thrown: unknown): boolean => String(thrown).includes('More than')

/** Compares both on a workload; false if it is too large for that. */
function compare(make: () => World, leave = (world: World): System => world): boolean {
  for (const look of [told, first]) {
    const results: object[] = []
    for (const learns of [false, true]) {
      const world = make()
      try {
        const seen = look(leave(world), learns)
        results.push({ ...seen, witnessed: [...world.witnessed].toSorted() })
      } catch (thrown) {
        if (!isTooLarge(thrown)) throw thrown
        return false
      }
    }
    expect(results[1]).toEqual(results[0])
  }
  return true
}

const tiny = (policy: AnyPolicy, given: Partial<Bounds> = {}): Bounds =>
  boundsFor(policy, { speculation: 0, preemptions: 1, groups: [[0]], ...given })

function workloadsOf(policy: AnyPolicy, bounds: Bounds, count: number): readonly Workload[] {
  const all = boundedWorkloads(policy, bounds.vcpus, 2, bounds.groups)
  const two = all.filter((workload) => workload.flat().length === 2)
  const wanted = thorough ? 2 * count : count
  return Array.from(
    { length: Math.min(wanted, two.length) },
    (_, i) => two[Math.floor((i * two.length) / wanted)] ?? two[i],
  )
}

const machines: readonly (readonly [string, Partial<Bounds>])[] = [
  ['as it is', {}],
  ['that flushes at every VM entry', { vpid: false }],
  ['with store buffers', { storeBuffer: 1 }],
  ['with speculation and evictions', { speculation: 1, eviction: true }],
  ['with a vCPU more than pCPUs', { pcpus: 1 }],
  ['with migration', { migration: true, pcpus: 2 }],
]

describe.each(machines)('a search by what was learned, on a machine %s', (_, given) => {
  it.each(some(policies, 3))('sees what a search sees that takes the transitions, of $name', (policy) => {
    const bounds = tiny(policy, given)
    const workloads = workloadsOf(policy, bounds, 4)
    const compared = workloads.filter((workload) => compare(() => worldOf(policy, bounds, workload)))
    for (const workload of compared.slice(0, 2)) compare(() => worldOf(policy, bounds, workload), reduced)
    expect(compared).not.toEqual([])
  })
})

const folder = join(import.meta.dirname, '../../bugs')
const bugs: AnyPolicy[] = []
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const { broken, fixed } = (await import(join(folder, file))) as { broken: AnyPolicy; fixed: AnyPolicy }
  bugs.push(broken, fixed)
}

describe('a search by what was learned, of a bug', () => {
  it.each(some(bugs, 2))('sees what a search sees that takes the transitions: $name', (policy) => {
    const bounds = boundsFor(policy)
    const workloads = workloadsOf(policy, bounds, 6)
    const compared = workloads.filter((workload) => compare(() => worldOf(policy, bounds, workload)))
    expect(compared).not.toEqual([])
  })
})

describe('a search by what was learned, of something broken', () => {
  const mutants = [...hardware, ...kernel, ...hypervisor, ...mistakes]
  it.each(some(mutants, 5))('sees what a search sees that takes the transitions: $name', (mutant) => {
    const { by: policy, breakage, workloads } = { breakage: undefined, workloads: undefined, ...mutant }
    const bounds = tiny(policy, { ...mutant.bounds, preemptions: 1 })
    for (const workload of workloads ?? workloadsOf(policy, bounds, 4))
      compare(() => worldOf(policy, bounds, workload, breakage))
  })
})

describe('a search by what was learned, of a protocol', () => {
  it('sees what a search sees that takes the transitions, whatever the protocol', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        let taken: object | undefined
        try {
          taken = told(new Space(protocolOf(shape)), false)
        } catch (thrown) {
          if (!isTooLarge(thrown)) throw thrown
        }
        fc.pre(taken !== undefined)
        expect(told(new Space(protocolOf(shape)), true)).toEqual(taken)
      }),
      { numRuns: thorough ? 1000 : 100 },
    )
  })

  it('names a step that depends on more than the variables', () => {
    let calls = 0
    const p = new Protocol('impure')
    const x = p.word('x')
    const y = p.word('y')
    const either = p.step('either', (S) => void (S[y] = (S[calls++ % 2 === 0 ? x : y] + 1) % 4))
    for (const name of ['a', 'b', 'c'])
      p.thread(name, function* () {
        for (let i = 0; i < 4; i++) yield* either()
      })
    expect(() => told(new Space(p), true)).toThrow('reads other variables than before')
  })

  it('takes the transitions of one whose steps take all variables at once', () => {
    const p = new Protocol('sorting')
    const x = p.word('x', 3, 3)
    const sort = p.step('sort', (S) => void S.subarray(x, x + 3).sort())
    const count = p.step('count', (S, which) => void S[x + which]--)
    for (let i = 0; i < 3; i++)
      p.thread(`thread ${i}`, function* () {
        yield* count(i)
        yield* sort()
      })
    const space = new Space(p)
    expect(told(space, true)).toEqual(told(new Space(p), false))
    expect(space.inside.experience.opaque).toBe(true)
  })
})

describe('what was learned', () => {
  const bounds = tiny(hypervList, { groups: [[0], [2, 3]] })
  const race: Workload = [[on('munmap')], [on('gup_fast')]]

  it('is of use for other workloads of the same world', () => {
    const world = worldOf(hypervList, bounds, race)
    first(world, true)
    const { lessons } = world.inside.experience
    const before = lessons.length
    world.load([...race].toReversed())
    const { transitions } = first(world, true) as { transitions: number }
    expect(before).toBeGreaterThan(20)
    expect(lessons.length - before).toBeLessThan(transitions / 2)
  })

  it('does not outlive the rule that it was learned of: a world with a replaced method is not looked into', () => {
    const world = worldOf(hypervList, bounds, race)
    expect(first(world, true)).toHaveProperty('violation.invariant')
    world.apply = () => {}
    expect(first(world, true)).toMatchObject({ states: 1, violation: undefined })
  })

  it('says what is enabled at the end of the threads', () => {
    const world = worldOf(nativeIpi, tiny(nativeIpi, { speculation: 1 }), [[on('read')], []])
    expect(told(world, true)).toEqual(
      told(worldOf(nativeIpi, tiny(nativeIpi, { speculation: 1 }), [[on('read')], []]), false),
    )
  })
})
