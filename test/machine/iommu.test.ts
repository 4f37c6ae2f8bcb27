/** The IOMMU: what a device may still use, and from when on it may not. VT-d, "Caching Translation Information". */
import { describe, expect, it } from 'vitest'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import { perform, type Code } from '../../src/engine/step.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { flushBy } from '../../src/guest/flush.ts'
import { machineConfig } from '../../src/machine/config.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { PUT, REUSE } from '../../src/machine/frames.ts'
import type { Invalidation } from '../../src/machine/iommu.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { variable, type Word } from '../../src/machine/word.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { makeCase } from '../../src/corpus/case.ts'
import { replayCase } from '../../src/corpus/replay.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { drawLanes } from '../../src/report/lanes.ts'
import { tellTransition, type Row } from '../../src/report/story.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { diagramOf } from '../../src/report/race.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { makeBounds } from '../../src/scenario/bounds.ts'

const words = { done: variable() }

/** Unmaps page 0, flushes as told, and gives the frame to somebody else. */
function* unmapAndFree(kernel: Cpu, done: Word, flush: (cpu: Cpu, done: Word) => Code, frees = true): Code {
  const { x86 } = kernel
  yield* perform(CLEAR_ENTRY, x86.table(1, 0), place(1, 0))
  yield* flushBy(0, 1, flush(kernel, done))
  if (!frees) return
  yield* perform(PUT, x86.frame(0))
  yield* perform(REUSE)
}

const invalidating =
  (what: Partial<Invalidation>) =>
  (cpu: Cpu, done: Word): Code =>
    cpu.x86.iommu.flush(0, { pages: 1, ...what }, done)

/** A driver unmaps a page that a device reads or writes twice. */
const racing = (flush: (cpu: Cpu, done: Word) => Code, frees = true): Experiment =>
  experiment({
    words,
    cpus: [(_cpu, { done }, kernel) => unmapAndFree(kernel, done, flush, frees)],
    devices: [
      function* (device) {
        yield* device.write(0)
        return (yield* device.write(0)).fault ? 1 : 0
      },
    ],
  })

const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()

describe('an invalidation that was waited for', () => {
  it('ends the use of the old translation: the page may be freed and used by others', () => {
    const { outcomes, violations, deadlocks } = racing(invalidating({}))
    expect([...violations.values()]).toEqual([])
    expect(deadlocks).toEqual([])
    expect(outcomes).toEqual([
      [0, 0],
      [0, 1],
    ])
  })

  it('without drain lets an access that was translated before reach memory after it', () => {
    expect(names(racing(invalidating({ drain: false })))).toEqual(['frame-lifetime', 'stale-translation'])
  })
})

describe('a page that is freed', () => {
  it('is reached by DMA if nothing was invalidated', () => {
    const found = racing(function* () {})
    expect(names(found)).toEqual(['frame-lifetime', 'stale-translation'])
    expect(found.violations.get('frame-lifetime')?.explanation).toContain('device0: the access reaches P0')
  })

  it('is reached by DMA if the invalidation was submitted and not waited for', () => {
    const found = racing((cpu) => cpu.x86.iommu.invalidate(0, { pages: 1 }))
    expect(names(found)).toContain('frame-lifetime')
  })

  it('is reached by DMA if the wait was submitted before the invalidation', () => {
    const found = racing(function* (cpu, done) {
      yield* cpu.x86.iommu.signal(done)
      yield* cpu.x86.iommu.invalidate(0, { pages: 1 })
      yield* cpu.until(done, 1)
    })
    expect(names(found)).toContain('frame-lifetime')
  })

  it('is reached by DMA after a flush of the CPUs alone, as with shared virtual addressing', () => {
    expect(names(racing((cpu) => cpu.invlpg(1)))).toContain('frame-lifetime')
  })

  it('may be kept from reuse instead: a stale entry harms nobody until a flush is said to be complete', () => {
    const kept = experiment({
      cpus: [
        function* (cpu) {
          yield* cpu.setEntry(1, 0, 0)
        },
      ],
      devices: [
        function* (device) {
          yield* device.read(0)
          return (yield* device.read(0)).fault ? 1 : 0
        },
      ],
    })
    expect(names(kept)).toEqual([])
    expect(kept.outcomes).toEqual([
      [0, 0],
      [0, 1],
    ])
  })
})

/** Unhooks the table of page 0 and frees it. */
const tableRace = (what: Partial<Invalidation>): Experiment =>
  experiment({
    words,
    cpus: [
      function* (_cpu, { done }, kernel) {
        const { x86 } = kernel
        yield* perform(CLEAR_ENTRY, x86.table(1, 0), place(1, 0))
        yield* perform(CLEAR_ENTRY, x86.table(2, 0), place(2, 0))
        yield* x86.iommu.flush(0, { pages: 1, ...what }, done)
        yield* kernel.freeTableNow(x86.table(1, 0))
      },
    ],
    devices: [
      function* (device) {
        yield* device.read(0)
        yield* device.read(0)
      },
    ],
  })

describe('the paging-structure caches of a device', () => {
  it('are dropped with the pages below them, so that the table may be freed', () => {
    expect(names(tableRace({}))).toEqual([])
  })

  it('survive an invalidation of leaf entries alone, and lead the walker into a freed table', () => {
    const found = tableRace({ leafOnly: true })
    expect(names(found)).toEqual(['hardware-walk'])
    expect(found.violations.get('hardware-walk')?.explanation).toContain('device0: the page walker reads T0')
  })
})

describe('the queue', () => {
  it('makes software wait while it is full, and is worked off in order', () => {
    const { outcomes, deadlocks } = experiment({
      words: { order: variable({ max: 7 }) },
      machine: { devices: 1 },
      cpus: [
        function* (cpu, { order }) {
          for (const value of [1, 2, 3, 4, 5]) yield* cpu.iommu.signal(order, value)
          const early = yield* cpu.load(order)
          yield* cpu.until(order, 5)
          return early
        },
      ],
    })
    expect(deadlocks).toEqual([])
    // Three fit; when the fifth is in, at least two are done.
    expect(outcomes).toEqual([[2], [3], [4], [5]])
  })

  it('is not there in a machine without devices', () => {
    const without = () =>
      experiment({
        cpus: [
          function* (cpu) {
            yield* cpu.iommu.invalidate(0, { pages: 1 })
          },
        ],
      })
    expect(without).toThrow('the machine\'s feature "devices" is off')
  })

  it('waits anew for each flush, though the status still holds the answer to the one before', () => {
    const { violations, deadlocks } = experiment({
      words,
      machine: { pages: [0, 1] },
      cpus: [
        function* (cpu, { done }, kernel) {
          for (const page of [0, 1]) {
            yield* perform(CLEAR_ENTRY, cpu.table(1, page), place(1, page))
            yield* cpu.iommu.flush(0, { pages: 1 << page }, done)
            yield* kernel.put(cpu.frame(page))
          }
        },
      ],
      devices: [
        function* (device) {
          yield* device.read(1)
          yield* device.read(1)
        },
      ],
    })
    expect([...violations.values()]).toEqual([])
    expect(deadlocks).toEqual([])
  })

  it('names what is wrong with what it is given', () => {
    const doing = (program: (cpu: Parameters<typeof unmapAndFree>[0], done: Word) => Code) => () =>
      experiment({
        words,
        machine: { devices: 1 },
        cpus: [(_cpu, { done }, kernel) => program(kernel, done)],
      })
    expect(doing((cpu) => cpu.x86.iommu.invalidate(0, { pages: 4 }))).toThrow(
      'pages of invalidate is 4; expected a mask from 1 to 1.',
    )
    expect(doing((cpu) => cpu.x86.iommu.invalidate(1, { pages: 1 }))).toThrow(
      'space of invalidate is 1; expected 0 to 0.',
    )
    expect(doing((cpu, done) => cpu.x86.iommu.signal(done, 2))).toThrow(
      'value of signal is 2; expected 0 to 1.',
    )
    expect(doing((cpu) => cpu.x86.iommu.attach(1, 0))).toThrow('device of attach is 1; expected 0 to 0.')
  })
})

describe('a machine', () => {
  it('has no DMA budget without devices', () => {
    expect(() => machineConfig({ dmas: 1 })).toThrow(
      'machine.dmas is 1; expected 0, because the machine has no devices.',
    )
  })

  it('needs as many devices as an experiment programs', () => {
    const more = () =>
      experiment({
        machine: { devices: 1 },
        cpus: [function* () {}],
        devices: [function* () {}, function* () {}],
      })
    expect(more).toThrow('machine.devices is 1; expected at least the 2 that have programs.')
  })
})

describe('a device', () => {
  it('translates by the space that it is attached to, and by no other afterwards', () => {
    const { outcomes, violations } = experiment({
      machine: { spaces: 2 },
      cpus: [
        function* (cpu) {
          yield* cpu.iommu.attach(0, 1)
        },
      ],
      devices: [
        function* (device) {
          const first = (yield* device.read(0)).frame
          return first * 16 + (yield* device.read(0)).frame
        },
      ],
    })
    const [mine, other] = [3, 6]
    expect([...violations]).toEqual([])
    expect(outcomes.map(([, frames]) => frames)).toEqual([mine * 17, mine * 16 + other, other * 17])
  })

  it.each([false, true])(
    'has caches of its own, which no flush of vCPUs by the host touches (migration: %s)',
    (migration) => {
      const reused = (invalidates: boolean): Experiment =>
        experiment({
          machine: { migration, vcpus: 1, pcpus: 2 },
          words: { done: variable() },
          policy: {
            name: 'by-hypercall',
            summary: 'The host flushes vCPU 0.',
            *flush() {},
            hypercalls: {
              *flush(host) {
                yield* host.flushVcpu(0)
                yield* host.flushVcpu(0, 1)
              },
            },
          },
          cpus: [
            function* (cpu, { done }, kernel) {
              yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
              yield* kernel.hypercall('flush', 1, [0])
              if (invalidates) yield* cpu.iommu.flush(0, { pages: 1 }, done)
              return 0
            },
          ],
          devices: [
            function* (device) {
              const first = (yield* device.read(0)).fault
              return first ? 2 : (yield* device.read(0)).fault ? 1 : 0
            },
          ],
        })
      // Where the first access got through, the second does without an invalidation, too.
      expect(reused(false).outcomes).toEqual([
        [0, 0],
        [0, 2],
      ])
      expect(reused(true).outcomes).toEqual([
        [0, 0],
        [0, 1],
        [0, 2],
      ])
    },
  )

  it('rings, is rung, and finds what it is told to read', () => {
    const { outcomes, deadlocks } = experiment({
      machine: { contents: true },
      words: { doorbell: variable(), seen: variable() },
      interrupts: {
        *ready(cpu, { seen }) {
          yield* cpu.store(seen, 1)
        },
      },
      cpus: [
        function* (cpu, { doorbell, seen }) {
          yield* cpu.write(0, 7)
          yield* cpu.store(doorbell, 1)
          yield* cpu.until(seen, 1)
          return (yield* cpu.read(0)).value
        },
      ],
      devices: [
        function* (device, { doorbell }) {
          yield* device.until(doorbell, 1)
          const { value } = yield* device.read(0)
          yield* device.write(0, 9)
          yield* device.interrupt(0, 'ready')
          return value
        },
      ],
    })
    expect(deadlocks).toEqual([])
    expect(outcomes).toEqual([[9, 7]])
  })

  it('may not write where the tables forbid it', () => {
    const { outcomes } = experiment({
      cpus: [
        function* (cpu) {
          yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | US))
        },
      ],
      devices: [
        function* (device) {
          return (yield* device.write(0)).fault ? 1 : 0
        },
      ],
    })
    expect(outcomes.map(([, fault]) => fault)).toEqual([0, 1])
  })

  it('sets A and D as the processor does', () => {
    const { outcomes } = experiment({
      *setup(cpu) {
        yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US))
      },
      words: { go: variable() },
      cpus: [
        function* (cpu, { go }) {
          yield* cpu.until(go, 1)
          return (yield* cpu.readEntry(1, 0)) & 0x1f
        },
      ],
      devices: [
        function* (device, { go }) {
          yield* device.write(0)
          yield* device.store(go, 1)
        },
      ],
    })
    expect(outcomes).toEqual([[0b11111, 0]])
  })

  it('loses what it has cached at any time where eviction is on', () => {
    const again = (eviction: boolean): boolean =>
      experiment({
        machine: { eviction, vcpus: 1 },
        cpus: [
          function* (cpu) {
            yield* cpu.setEntry(1, 0, 0)
          },
        ],
        words: { go: variable() },
        devices: [
          function* (device) {
            const first = (yield* device.read(0)).fault
            return !first && (yield* device.read(0)).fault ? 1 : 0
          },
        ],
      }).reachable((_cpu, lost) => lost === 1)
    expect([again(false), again(true)]).toEqual([false, true])
  })
})

describe('devices of a generated scenario', () => {
  const bounds = makeBounds({ vcpus: 1, preemptions: 0, speculation: 0, devices: 1, dmas: 2 })
  const workload = [[{ op: 'munmap', page: 2 }]]
  const invalidating: AnyPolicy = definePolicy({
    name: 'for-devices-too',
    summary: 'Invalidates this CPU and the IOTLB.',
    shared: { done: variable() },
    *flush(cpu, { space, pages }) {
      yield* cpu.invlpg(pages)
      yield* cpu.iommu.flush(space, { pages }, cpu.shared.done.of())
    },
  })

  it('issue accesses of their own within the budget, and find the policy that forgets them', () => {
    const { found } = shortest(new Worlds(nativeIpi, bounds).at(workload), { invariant: 'frame-lifetime' })
    const { schedule, violation } = found!
    expect(violation.explanation).toContain('device0: the access')
    const diagram = diagramOf({ policy: nativeIpi, bounds, workload, schedule, violation })
    expect(diagram.split('\n')[0]).toMatch(/CPU0 +device0/)
    expect(diagram).toContain('dma device0 page 2')
  })

  it('are replayed from a case by their names, and by a cured policy without the race', () => {
    const { found } = shortest(new Worlds(nativeIpi, bounds).at(workload), { invariant: 'frame-lifetime' })
    const kept = makeCase({ policy: nativeIpi, bounds, workload, ...found! }, undefined)
    expect(kept.schedule.map((step) => step.do)).toContain('device0')
    expect(replayCase(kept, nativeIpi).outcome).toBe('reproduced')
    expect(replayCase(kept, invalidating).outcome).toBe('fixed')
  })

  it('leave alone a policy that invalidates for them too', () => {
    const { violation, complete, states } = explore(new Worlds(invalidating, bounds).at(workload))
    expect({ violation, complete }).toEqual({ violation: undefined, complete: true })
    expect(states).toBeGreaterThan(50)
  })

  it('are told with the IOMMU beside them', () => {
    const world = new Worlds(invalidating, bounds).at(workload)
    const rows: Row[] = []
    const enabled = new Int32Array(64)
    while (world.enabled(enabled) > 0 && world.progress > 0) rows.push(tellTransition(world, enabled[0]))
    const diagram = drawLanes(rows, 1)
    expect(diagram).toContain('IOMMU queue: invalidate page 2')
    expect(diagram.split('\n')[0]).toMatch(/CPU0 +IOMMU/)
    expect(rows.map(({ name }) => name)).toContain('iommu')
    expect(rows.find(({ name }) => name === 'iommu')?.main.text).toBe('invalidate page 2')
  })
})
