import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { operations, program, programs, type Drive, type Program } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { calling } from './calling.ts'

const placed = (d: Drive): number[] => d.words('runs on')
const reading: Program = function* (cpu) {
  for (let i = 0; i < 4; i++) yield* cpu.access(0, 'read')
}

describe('migration', () => {
  const machine = { vcpus: 1, pcpus: 2, migration: true, preemptions: 3 }
  const moving = (): Drive => program(reading, { machine }).until(0, 'access')
  const cached = (d: Drive): boolean => ((d.tlb(0, 0) | d.structure(0, 1, 0)) & VALID) !== 0
  const to = (d: Drive, pcpu: number): Drive => d.go('preempt cpu0', `schedule cpu0 on pcpu${pcpu}`)

  it('lets a preempted vCPU go to any pCPU that is free', () => {
    const d = moving().go('preempt cpu0')
    expect(d.names()).toEqual(['schedule cpu0 on pcpu0', 'schedule cpu0 on pcpu1'])
  })

  it('takes no translations along', () => {
    expect(cached(to(moving(), 1))).toBe(false)
  })

  it('finds those that the vCPU left behind dropped when it comes back', () => {
    const d = to(moving(), 1).until(0, 'access')
    expect(cached(d)).toBe(true)
    expect(cached(to(d, 0))).toBe(false)
  })

  it('does not happen to a vCPU that returns to the pCPU that it came from: its translations are still there', () => {
    expect(cached(to(moving(), 0))).toBe(true)
  })

  it('lets a flush of the vCPU reach what it left on every pCPU', () => {
    const d = programs([(cpu) => cpu.hypercall('flush', 0, [1]), reading], {
      policy: calling,
      machine: { ...machine, vcpus: 2, pcpus: 3 },
    })
    d.until(1, 'access').go('preempt cpu1', 'schedule cpu1 on pcpu2').until(1, 'access')
    const held = (): number =>
      [...d.S.subarray(d.m.caches.tlb, d.m.caches.structures)].filter((word) => word & VALID).length
    expect(held()).toBe(2)
    d.finish(0)
    expect(held()).toBe(0)
  })

  it('is not possible where it is switched off', () => {
    const d = program(reading, { machine: { ...machine, migration: false } }).go('preempt cpu0')
    expect(d.names()).toEqual(['schedule cpu0 on pcpu0'])
  })

  it('never puts two vCPUs on one pCPU, and does move vCPUs about', () => {
    const places = new Set<string>()
    everyState(
      programs([(cpu) => cpu.sti(), (cpu) => cpu.sti()], {
        machine: { vcpus: 2, pcpus: 3, migration: true, preemptions: 2 },
      }),
      (d) => {
        const used = placed(d).filter((p) => p !== 0)
        expect(new Set(used).size).toBe(used.length)
        places.add(placed(d).join())
      },
    )
    for (const seen of ['1,2', '3,2', '1,3', '2,3', '3,1', '0,0']) expect(places).toContain(seen)
  })
})

describe('more vCPUs than pCPUs', () => {
  const shared = (): Drive =>
    operations([[{ op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }]], { machine: { vcpus: 2, pcpus: 1 } })

  it('begin with as many running as there are pCPUs', () => {
    expect(placed(shared())).toEqual([1, 0])
    expect(placed(operations([[], [], []], { machine: { vcpus: 3, pcpus: 2 } }))).toEqual([1, 2, 0])
  })

  it('make progress: a vCPU that waits for another one gives way to it', () => {
    const d = shared().until(0, 'send IPI')
    expect(d.can('cpu0')).toBe(false)
    d.go('deschedule cpu0', 'schedule cpu1 on pcpu0', 'interrupt cpu1 call-function')
    d.finish(1)
    d.go('deschedule cpu1', 'schedule cpu0 on pcpu0')
    d.finish(0)
    expect(d.world.final()).toBe(true)
  })

  it('do not give way while they can go on, nor where nobody waits', () => {
    everyState(shared(), (d) => {
      for (const name of d.names().filter((each) => each.startsWith('deschedule'))) {
        const v = Number(name.at(-1))
        expect(d.can(`cpu${v}`)).toBe(false)
        expect(d.world.final()).toBe(false)
      }
    })
    const alone = programs([(cpu) => cpu.sti(), function* () {}], { machine: { vcpus: 2, pcpus: 1 } })
    alone.finish(0)
    expect(alone.names()).toEqual([])
  })

  it('stay on their own pCPU where they cannot migrate', () => {
    const d = operations([[{ op: 'munmap', page: 0 }], [], [{ op: 'read', page: 0 }]], {
      machine: { vcpus: 3, pcpus: 2 },
    })
    const seen = new Set<string>()
    everyState(d, () => {
      placed(d).forEach((p, v) => {
        if (p !== 0) expect(p).toBe((v % 2) + 1)
      })
      seen.add(placed(d).join())
    })
    expect(seen).toContain('0,2,1')
  })

  it.each([
    [2, 1, false],
    [3, 1, false],
    [3, 2, false],
    [3, 2, true],
  ])('end: %i on %i, migration %s', (vcpus, pcpus, migration) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (picks) => {
        const workload = [
          [{ op: 'munmap', page: 0 }],
          [{ op: 'read', page: 0 }],
          [{ op: 'gup_fast', page: 0 }],
        ].slice(0, vcpus)
        const d = operations(workload, { machine: { vcpus, pcpus, migration } })
        d.wander((count) => picks.next().value! % count)
        expect(d.world.final()).toBe(true)
        expect(d.violation).toBeUndefined()
      }),
      { numRuns: 25 },
    )
  })

  it('that wait for each other with interrupts off are a deadlock, not taken for progress by taking turns', () => {
    const stuck = (other: number): Program =>
      function* (cpu) {
        yield* cpu.cli()
        yield* cpu.syncByIpi([other])
        yield* cpu.sti()
      }
    let deadlocks = 0
    let ends = 0
    everyState(programs([stuck(1), stuck(0)], { machine: { vcpus: 2, pcpus: 1 } }), (d) => {
      if (d.names().length > 0) return
      if (d.world.final()) ends++
      else deadlocks++
    })
    expect(deadlocks).toBeGreaterThan(0)
    // One that goes through its whole section before the other begins is answered, and so is the other one later.
    expect(ends).toBeGreaterThan(0)
  })

  it('are never stuck: from every state the end can be reached', () => {
    const d = shared()
    const out = new Int32Array(MAX_ENABLED)
    const key = (): string => d.S.join()
    const before = new Map<string, string[]>()
    const ends: string[] = []
    let states = 0
    everyState(d, () => {
      states++
      const here = key()
      const state = d.S.slice()
      if (d.world.final()) ends.push(here)
      for (const t of out.subarray(0, d.world.enabled(out))) {
        d.S.set(state)
        d.world.apply(t)
        before.set(key(), [...(before.get(key()) ?? []), here])
      }
    })
    const reaching = new Set(ends)
    for (const state of reaching) for (const each of before.get(state) ?? []) reaching.add(each)
    expect(ends.length).toBeGreaterThan(0)
    expect(reaching.size).toBe(states)
  })
})
