/** Waiting for ever is a violation that says who waits for whom; waiting for somebody who comes is none. */
import { describe, expect, it } from 'vitest'
import type { Cpu } from '../../src/guest/cpu.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { nativeIpi, staticKey } from '../../src/policies/index.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { quiet } from '../explore/quiet.ts'
import { nothing } from '../mutants/breaking.ts'
import { worldOf } from '../mutants/broken-world.ts'

const callEverybody = (masked: boolean): AnyPolicy => ({
  ...nativeIpi,
  operations: {
    call_everybody: {
      summary: 'make all others answer an IPI',
      *run(cpu: Cpu) {
        if (masked) yield* cpu.cli()
        yield* cpu.syncByIpi(cpu.others())
        if (masked) yield* cpu.sti()
      },
    },
  },
})
const call = { op: 'call_everybody' }
const flushesMasked = definePolicy({
  name: 'flushes-masked',
  summary: 'waits for all with its own interrupts off',
  *flush(cpu, request) {
    yield* cpu.cli()
    yield* (nativeIpi as AnyPolicy).flush(cpu, request, 0)
    yield* cpu.sti()
  },
})

describe('two CPUs that wait for each other with interrupts off', () => {
  const world = worldOf(callEverybody(true), quiet({ preemptions: 0 }), [[call], [call]])

  it('are a deadlock, which is told with who waits for what', () => {
    expect(explore(world).violation).toEqual({
      invariant: 'flush-completes',
      explanation:
        'deadlock; CPU0 with interrupts off: call CPU0->CPU1: wait for the acknowledgement; CPU1 with interrupts off: call CPU1->CPU0: wait for the acknowledgement',
    })
  })

  it('are a race of its own size: both are inside, neither answers', () => {
    const { found } = shortest(world, { invariant: 'flush-completes' })
    expect(found?.cost.switches).toBe(1)
    world.reset()
    for (const transition of found!.schedule) world.apply(transition)
    expect(world.violation).toBeUndefined()
    expect(world.enabled(new Int32Array(512))).toBe(0)
    expect(world.final()).toBe(false)
  })

  it('are met by random runs too, which end there', () => {
    const runner = new Runner()
    const runs = Array.from({ length: 200 }, (_, i) => runner.run(world, randomWalk(i)))
    expect(runs.map(({ violation }) => violation?.invariant)).toContain('flush-completes')
    expect(Math.max(...runs.map(({ steps }) => steps))).toBeLessThan(100)
  })
})

describe('a wait that ends', () => {
  it.each<[string, AnyPolicy, Workload]>([
    ['two CPUs that call each other with interrupts on', callEverybody(false), [[call], [call]]],
    [
      'one that calls with interrupts off, and one that only has them off',
      callEverybody(true),
      [[call], [{ op: 'gup_fast', page: 0 }]],
    ],
    [
      'one that flushes with interrupts off, and one that waits for its lock with interrupts on',
      flushesMasked,
      [[{ op: 'munmap', page: 0 }], [{ op: 'munmap', page: 0 }]],
    ],
    [
      'one that flushes with interrupts off beside a walker with interrupts off',
      flushesMasked,
      [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
    ],
    [
      'a grace period that waits for a reader who is preempted',
      staticKey,
      [[{ op: 'turn_key' }], [{ op: 'gup_fast', page: 0 }]],
    ],
  ])('is no deadlock: %s', (_, policy, workload) => {
    for (const given of [{}, { pcpus: 1 }]) {
      const world = worldOf(policy, quiet(given), workload)
      expect(explore(world)).toMatchObject({ violation: undefined, complete: true })
    }
  })

  it('is no deadlock with more vCPUs than pCPUs: who waits gives way', () => {
    const workload = [[{ op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }], [{ op: 'gup_fast', page: 0 }]]
    for (const pcpus of [1, 2]) {
      const world = worldOf(nativeIpi, quiet({ vcpus: 3, pcpus, preemptions: 0 }), workload)
      expect(explore(world)).toMatchObject({ violation: undefined, complete: true })
    }
  })
})

describe('a wait that never ends', () => {
  it('is told for one CPU too: its IPI is lost', () => {
    const world = worldOf(
      nativeIpi,
      quiet({ preemptions: 0 }),
      [[{ op: 'munmap', page: 0 }], []],
      nothing('send IPI'),
    )
    expect(explore(world).violation).toEqual({
      invariant: 'flush-completes',
      explanation: 'deadlock; CPU0: call CPU0->CPU1: wait for the acknowledgement',
    })
  })

  it('is told with both CPUs where one waits for the lock of the other', () => {
    const workload = [[{ op: 'munmap', page: 0 }], [{ op: 'munmap', page: 0 }]]
    const world = worldOf(nativeIpi, quiet({ preemptions: 0 }), workload, nothing('send IPI'))
    const { violation } = explore(world)
    expect(violation?.invariant).toBe('flush-completes')
    expect(violation?.explanation).toMatch(/CPU0: .*acknowledgement|CPU1: .*acknowledgement/)
    expect(violation?.explanation).toMatch(/deadlock; CPU0: .*; CPU1: /)
    expect(violation?.explanation).toContain('lock mmap_lock')
  })
})
