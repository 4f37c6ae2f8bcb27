/**
 * Scheduling symmetry of worlds: without the preemptions that nobody can notice, the same invariants are violated and
 * the same dangers reached, whatever the policy, the machine, and what is broken about either.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervList, nativeIpi, nativeRcu, policies, xenPv, xenRcu } from '../../src/policies/index.ts'
import { ReducedWorld, reduced } from '../../src/reduce/index.ts'
import { boundsFor, type Bounds } from '../../src/scenario/bounds.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { type Workload } from '../../src/scenario/workload.ts'
import type { World } from '../../src/scenario/world.ts'
import * as T from '../../src/scenario/transition.ts'
import { worldOf } from '../mutants/broken-world.ts'
import type { Breakage } from '../mutants/breaking.ts'
import { hardware } from '../mutants/hardware.ts'
import { hypervisor } from '../mutants/hypervisor.ts'
import { kernel } from '../mutants/kernel.ts'
import { mistakes } from '../mutants/mistakes.ts'
import { on } from '../mutants/mutant.ts'
import { some } from '../thorough.ts'

const TOO_MANY = 200_000

interface Case {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  readonly workload: Workload
  readonly breakage?: Breakage | undefined
}

const seen = (system: World | ReducedWorld, world: World): object => {
  const { violated, states } = explore(system, { countOnly: true, maxStates: TOO_MANY })
  return { violated: [...violated].toSorted(), witnessed: [...world.witnessed].toSorted(), states }
}

/** What the whole and the reduced search of a workload see; the states that each takes. */
function compare({ policy, bounds, workload, breakage }: Case): { whole: number; less: number } {
  const plain = worldOf(policy, bounds, workload, breakage)
  const { states: whole, ...all } = seen(plain, plain) as { states: number }
  const world = worldOf(policy, bounds, workload, breakage)
  const { states: less, ...found } = seen(reduced(world) as World, world) as { states: number }
  expect(found, JSON.stringify({ policy: policy.name, bounds, workload })).toEqual(all)
  return { whole, less }
}

const tiny = (policy: AnyPolicy, given: Partial<Bounds> = {}): Bounds =>
  boundsFor(policy, { speculation: 0, preemptions: 1, groups: [[0]], ...given })

/** A few workloads of two operations: one of them unmaps, or the policy has no such operation. */
function workloadsOf(policy: AnyPolicy, bounds: Bounds, count: number): readonly Workload[] {
  const all = boundedWorkloads(policy, bounds.vcpus, 2, bounds.groups)
  return some(
    all.filter((workload) => workload.flat().length === 2),
    count,
  )
}

const machines: readonly (readonly [string, Partial<Bounds>])[] = [
  ['as it is', {}],
  ['with two preemptions', { preemptions: 2 }],
  ['that flushes at every VM entry', { vpid: false }],
  ['with store buffers', { storeBuffer: 1 }],
  ['with speculation', { speculation: 1 }],
  ['with a vCPU more than pCPUs', { pcpus: 1 }],
  ['with migration', { migration: true }],
]

describe.each(machines)('a reduced search of a machine %s', (_, given) => {
  it.each(some(policies, 2))('sees what the whole search sees, of $name', (policy) => {
    const bounds = tiny(policy, given)
    for (const workload of workloadsOf(policy, bounds, 6)) compare({ policy, bounds, workload })
  })
})

const folder = join(import.meta.dirname, '../../bugs')
const bugs: AnyPolicy[] = []
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const { broken, fixed } = (await import(join(folder, file))) as { broken: AnyPolicy; fixed: AnyPolicy }
  bugs.push(broken, fixed)
}

describe('a reduced search of a bug', () => {
  it.each(some(bugs, 2))('sees what the whole search sees: $name', (policy) => {
    const bounds = boundsFor(policy)
    const small = (workload: Workload): boolean => {
      try {
        return explore(worldOf(policy, bounds, workload), { countOnly: true, maxStates: 4000 }).complete
      } catch {
        return false
      }
    }
    const compared = workloadsOf(policy, bounds, 40).filter(small).slice(0, 6)
    for (const workload of compared) compare({ policy, bounds, workload })
    expect(compared).not.toEqual([])
  })
})

describe('a reduced search of something broken', () => {
  const mutants = [...hardware, ...kernel, ...hypervisor, ...mistakes]
  it.each(some(mutants, 6))('sees what the whole search sees: $name', (mutant) => {
    const { by: policy, breakage, workloads } = { breakage: undefined, workloads: undefined, ...mutant }
    const bounds = tiny(policy, { ...mutant.bounds, preemptions: 1 })
    for (const workload of workloads ?? workloadsOf(policy, bounds, 6))
      compare({ policy, bounds, workload, breakage })
  })
})

const race: Workload = [[on('munmap')], [on('gup_fast')]]

describe('a reduced search', () => {
  it.each([nativeIpi, hypervList, nativeRcu])('has less than half the states of $name', (policy) => {
    const { whole, less } = compare({ policy, bounds: tiny(policy, { preemptions: 2 }), workload: race })
    expect(less).toBeLessThan(whole / 2)
  })

  it.each([xenPv, xenRcu])('is given up where somebody asks who is running: $name', (policy) => {
    const { whole, less } = compare({ policy, bounds: tiny(policy), workload: race })
    expect(less).toBe(whole)
  })

  it('is begun anew for each workload', () => {
    const bounds = tiny(xenPv)
    const world = worldOf(xenPv, bounds, race)
    const system = reduced(world) as ReducedWorld
    explore(system)
    expect(system.reduces).toBe(false)
    world.load([[on('read')], []])
    explore(system)
    expect(system.reduces).toBe(true)
  })
})

/** The reduction itself, broken. */
describe('a reduction that is careless', () => {
  class Careless extends ReducedWorld {
    constructor(world: World, carelessness: object) {
      super(world)
      Object.assign(this, carelessness)
    }
  }
  const differs = (policy: AnyPolicy, given: Partial<Bounds>, carelessness: object): boolean =>
    boundedWorkloads(policy, 2, 2, [[0]]).some((workload) => {
      const bounds = tiny(policy, given)
      const { violated } = explore(worldOf(policy, bounds, workload), { countOnly: true })
      const careless = new Careless(worldOf(policy, bounds, workload), carelessness)
      return explore(careless, { countOnly: true }).violated.size !== violated.size
    })

  const onlyRunning: AnyPolicy = {
    ...hypervList,
    name: 'only-running',
    *flush(cpu, request) {
      yield* cpu.invlpg(request.pages)
      yield* cpu.hypercall('flush', request.pages, request.targets)
    },
    hypercalls: {
      *flush(host, pages, cpus) {
        for (const vcpu of cpus) if (yield* host.isRunning(vcpu)) yield* host.flushVcpu(vcpu, pages)
      },
    },
  }

  it('misses what a policy does that asks who is running', () => {
    expect(differs(onlyRunning, {}, {})).toBe(false)
    expect(differs(onlyRunning, {}, { giveUp() {} })).toBe(true)
  })

  it('misses what a preemption does to a speculative walk in flight, where it takes none for one that matters', () => {
    const world = worldOf(nativeIpi, tiny(nativeIpi, { speculation: 1 }), race)
    const careless = statesOf(world, new Careless(world, { matters: () => false }))
    expect(careless.size).toBeLessThan(statesOf(world).size)
  })
})

describe('a reduced search of all the schedules of a race', () => {
  it.each(machines.slice(0, 5))('meets the states of the whole one, on a machine %s', (_, given) => {
    // One world for both: control states are numbered as they come.
    const world = worldOf(nativeIpi, tiny(nativeIpi, given), race)
    const whole = statesOf(world)
    expect(statesOf(world, new ReducedWorld(world))).toEqual(whole)
  })
})

/** The states of a search, without where vCPUs are and how often the host has preempted one. */
function statesOf(world: World, system: World | ReducedWorld = world): Set<string> {
  const states = new Set<string>()
  const enabled = system.enabled.bind(system)
  system.enabled = (out) => {
    const { machine } = world
    const { host } = world.parts
    const state = world.state.slice()
    state.fill(0, machine.on, machine.on + machine.config.vcpus)
    state[host.preemptions] = 0
    states.add(state.join())
    return enabled(out)
  }
  explore(system)
  system.enabled = enabled
  return states
}

/** In every state, every transition is taken with each set of vCPUs away that could be, too: it must not matter. */
describe('nobody notices an absence', () => {
  class Audited extends ReducedWorld {
    checked = 0
    private readonly inner: World
    constructor(world: World) {
      super(world)
      this.inner = world
    }
    override apply(t: number): void {
      const { machine } = this.inner
      const before = this.state.slice()
      super.apply(t)
      const after = this.state.slice()
      const told = this.violation?.explanation
      if (!this.reduces || T.kindOf(t) >= T.SCHEDULE) return
      for (let away = 1; away <= this.absent; away++) {
        if (away & ~this.absent || away & (1 << T.whoOf(t))) continue
        this.state.set(before)
        this.clearViolation()
        for (let v = 0; v < machine.config.vcpus; v++) if (away & (1 << v)) this.state[machine.on + v] = 0
        this.inner.apply(t)
        for (let v = 0; v < machine.config.vcpus; v++)
          if (away & (1 << v)) this.state[machine.on + v] = before[machine.on + v]
        expect([...this.state]).toEqual([...after])
        expect(this.violation?.explanation).toBe(told)
        this.checked++
      }
      this.state.set(after)
    }
  }

  it.each(some(policies, 3))('of $name', (policy) => {
    const bounds = tiny(policy, { vcpus: 3, pcpus: 3 })
    const audited = new Audited(worldOf(policy, bounds, [[on('munmap')], [on('gup_fast')], [on('read')]]))
    try {
      explore(audited, { maxStates: 3000 })
    } catch (thrown) {
      expect(String(thrown)).toContain('More than')
    }
    expect(audited.checked > 0 || !audited.reduces).toBe(true)
  })
})
