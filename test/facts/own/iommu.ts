/** Our own facts about devices behind an IOMMU: what an invalidation ends, in which order, and what it leaves. */
import { D, MAPPED, entry } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import { PUT } from '../../../src/machine/frames.ts'
import type { Invalidation } from '../../../src/machine/iommu.ts'
import { CLEAR_ENTRY, place } from '../../../src/machine/table-ops.ts'
import { variable, type Word } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Device } from '../../../src/machine/device.ts'
import { perform, type Code } from '../../../src/engine/step.ts'
import { fact, guarded, no, yes } from '../fact.ts'

const words = { done: variable(), cached: variable(), go: variable() }
type Words = Record<keyof typeof words, Word>

/** A page is unmapped and given back while a device uses it twice. */
const given = (flush: (cpu: X86, done: Word) => Code, machine: Partial<MachineConfig> = {}) => ({
  machine,
  words,
  cpus: [
    function* (cpu: X86, { done }: Words): Code {
      yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
      yield* flush(cpu, done)
      yield* perform(PUT, cpu.frame(0))
    },
  ],
  devices: [
    function* (device: Device): Code {
      yield* device.write(0)
      yield* device.write(0)
    },
  ],
})
/** The same with the table of the page. */
const unhooked = (what: Partial<Invalidation>) => ({
  words,
  cpus: [
    function* (cpu: X86, { done }: Words, kernel: { freeTableNow(table: number): Code }): Code {
      yield* cpu.xchgEntry(2, 0, 0)
      yield* cpu.iommu.flush(0, { pages: 1, ...what }, done)
      yield* kernel.freeTableNow(cpu.table(1, 0))
    },
  ],
  devices: [
    function* (device: Device): Code {
      yield* device.read(0)
      yield* device.read(0)
    },
  ],
})

/** A device caches page 0; a CPU changes the tables and then does one thing or another; the device reads page 0 again. */
const changed = (
  change: (cpu: X86) => Code,
  act: (cpu: X86, which: number, done: Word) => Code,
  machine: Partial<MachineConfig> = {},
) => ({
  machine: { spare: 1, spaces: 2, ...machine },
  words,
  cpus: [
    function* (cpu: X86, { cached, go, done }: Words): Code<number> {
      yield* cpu.until(cached, 1)
      yield* change(cpu)
      const which = yield* cpu.choose(2)
      yield* act(cpu, which, done)
      yield* cpu.store(go, 1)
      return which
    },
  ],
  devices: [
    function* (device: Device, { cached, go }: Words): Code<number> {
      const { frame } = yield* device.read(0)
      yield* device.store(cached, 1)
      yield* device.until(go, 1)
      return (yield* device.read(0)).frame === frame ? 1 : 0
    },
  ],
})

const ats = { deviceTlbs: true }
/** Submits invalidations in this order and waits until all are done. */
function* drained(cpu: X86, all: readonly Invalidation[], done: Word): Code {
  for (const each of all) yield* cpu.iommu.invalidate(0, each)
  yield* cpu.iommu.signal(done)
  yield* cpu.until(done, 1)
}

export const iommu = [
  guarded(
    'iotlb',
    'a device reaches a page after an invalidation that was waited for',
    'frame-lifetime',
    (careful) =>
      given(function* (cpu, done) {
        if (careful) yield* cpu.iommu.flush(0, { pages: 1 }, done)
      }),
  ),
  guarded(
    'iotlb-wait',
    'a wait is done before the invalidation in front of it',
    'frame-lifetime',
    (careful) =>
      given(function* (cpu, done) {
        if (careful) yield* cpu.iommu.invalidate(0, { pages: 1 })
        yield* cpu.iommu.signal(done)
        if (!careful) yield* cpu.iommu.invalidate(0, { pages: 1 })
        yield* cpu.until(done, 1)
      }),
  ),
  guarded(
    'iotlb-drain',
    'an access that was translated before reaches memory after an invalidation',
    'frame-lifetime',
    (drain) => given((cpu, done) => cpu.iommu.flush(0, { pages: 1, drain }, done)),
  ),
  guarded(
    'iommu-table',
    'the walker of a device is in a table after an invalidation',
    'hardware-walk',
    (careful) => unhooked({ leafOnly: !careful }),
  ),
  fact('iommu-space', 'an invalidation of another space leaves what is cached', yes, {
    ...changed(
      (cpu) => cpu.map(0, cpu.spare()),
      (cpu, space, done) => cpu.iommu.flush(space, { pages: 1 }, done),
    ),
    reached: (space, old) => space === 1 && old === 1,
    never: (space, old) => space === 0 && old === 1,
  }),
  fact('iommu-attach', 'a device uses what it had cached before it was attached to another space', no, {
    ...changed(
      function* () {},
      function* (cpu, attached) {
        if (attached) yield* cpu.iommu.attach(0, 1)
      },
    ),
    reached: (attached, same) => attached === 1 && same === 1,
    sometimes: (attached, same) => attached === 0 && same === 1,
  }),
  fact('iommu-upper', 'an invalidation of leaf entries leaves upper-level ones', yes, {
    machine: { pages: [0, 1, 2] },
    words,
    cpus: [
      function* (cpu, { cached, go, done }) {
        yield* cpu.until(cached, 1)
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        const leafOnly = (yield* cpu.choose(2)) === 1
        yield* cpu.iommu.flush(0, { pages: 2, leafOnly }, done)
        yield* cpu.store(go, 1)
        return [leafOnly, cpu.frame(0)]
      },
    ],
    devices: [
      function* (device, { cached, go }) {
        yield* device.read(1)
        yield* device.store(cached, 1)
        yield* device.until(go, 1)
        return (yield* device.read(0)).frame
      },
    ],
    reached: (leafOnly, old, frame) => leafOnly === 1 && frame === old,
    never: (leafOnly, old, frame) => leafOnly === 0 && frame === old,
  }),
  fact('ats-iotlb', 'an invalidation of the IOTLB leaves what a device-TLB holds', yes, {
    ...changed(
      (cpu) => cpu.map(0, cpu.spare()),
      (cpu, both, done) =>
        both ? cpu.iommu.flush(0, { pages: 1 }, done) : drained(cpu, [{ pages: 1 }], done),
      ats,
    ),
    reached: (both, old) => both === 0 && old === 1,
    never: (both, old) => both === 1 && old === 1,
  }),
  fact(
    'ats-alone',
    'an invalidation of a device-TLB leaves what the IOTLB holds, which fills it again',
    yes,
    {
      ...changed(
        (cpu) => cpu.map(0, cpu.spare()),
        (cpu, both, done) =>
          both ? cpu.iommu.flush(0, { pages: 1 }, done) : drained(cpu, [{ pages: 1, deviceTlb: true }], done),
        ats,
      ),
      reached: (both, old) => both === 0 && old === 1,
      never: (both, old) => both === 1 && old === 1,
    },
  ),
  guarded(
    'ats-order',
    'a device-TLB that is invalidated behind the IOTLB is filled with an old translation',
    'frame-lifetime',
    (careful) => {
      const inOrder: Invalidation[] = [{ pages: 1 }, { pages: 1, deviceTlb: true }]
      return given((cpu, done) => drained(cpu, careful ? inOrder : inOrder.toReversed(), done), ats)
    },
  ),
  guarded(
    'ats-drain',
    'an access by a device-TLB reaches memory after the invalidation of that is done',
    'frame-lifetime',
    (drain) =>
      given((cpu, done) => drained(cpu, [{ pages: 1 }, { pages: 1, deviceTlb: true, drain }], done), ats),
  ),
  fact('ats-write', 'a device-TLB that was filled by a read serves a write that makes the page dirty', no, {
    machine: { ...ats, eviction: true },
    words,
    cpus: [
      function* (cpu, { cached }) {
        yield* cpu.until(cached, 1)
        return (yield* cpu.readEntry(1, 0)) & D
      },
    ],
    devices: [
      function* (device, { cached }) {
        yield* device.read(0)
        yield* device.write(0)
        yield* device.store(cached, 1)
      },
    ],
    reached: (dirty) => dirty === 0,
    sometimes: (dirty) => dirty !== 0,
  }),
  fact('ats-page', 'an invalidation of a device-TLB leaves another page', yes, {
    ...changed(
      (cpu) => cpu.map(0, cpu.spare()),
      (cpu, own, done) => drained(cpu, [{ pages: 1 }, { pages: own ? 1 : 2, deviceTlb: true }], done),
      { ...ats, pages: [0, 1] },
    ),
    reached: (own, old) => own === 0 && old === 1,
    never: (own, old) => own === 1 && old === 1,
  }),
  fact('iommu-queue', 'of five descriptors the last is not done, or not last', no, {
    machine: { devices: 1 },
    words: { order: variable({ max: 7 }) },
    cpus: [
      function* (cpu, { order }) {
        for (const value of [1, 2, 3, 4, 5]) yield* cpu.iommu.signal(order, value)
        const early = yield* cpu.load(order)
        yield* cpu.until(order, 5)
        return early
      },
    ],
    observe: (read, { order }) => [read(order)],
    reached: (_early, order) => order !== 5,
    sometimes: (early) => early < 5,
  }),
]
