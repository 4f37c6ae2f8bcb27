/** Timelines of bugs that kernels and hypervisors had, told with devices and kernel services; each with its cure beside it. */
import { describe, expect, it } from 'vitest'
import { perform, type Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { flushTlbRange } from '../../src/guest/flush.ts'
import { rmapWalk } from '../../src/guest/rmap.ts'
import { lockWord, spinLock, spinUnlock } from '../../src/guest/spinlock.ts'
import { P, PS, RW, US, entry } from '../../src/machine/entry.ts'
import { REUSE } from '../../src/machine/frames.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { variable, type Word } from '../../src/machine/word.ts'
import { nativeIpi } from '../../src/policies/index.ts'

const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()
const clear = (kernel: Cpu, page: number, level = 1): Code<number> =>
  perform(CLEAR_ENTRY, kernel.x86.table(level, page), place(level, page))

describe('a deferred flush of the IOTLB (XSA-346)', () => {
  /** The pages of a range are displaced one after the other, and flushed once at the end. */
  const deferring = (holdsReferences: boolean): Experiment =>
    experiment({
      machine: { pages: [0, 1], devices: 1 },
      words: { done: variable() },
      cpus: [
        function* (cpu, { done }, kernel) {
          const displaced: number[] = []
          for (const page of [0, 1]) {
            displaced.push(yield* clear(kernel, page))
            if (!holdsReferences) yield* kernel.put(displaced[page])
          }
          yield* cpu.iommu.flush(0, { pages: 3 }, done)
          if (holdsReferences) for (const frame of displaced) yield* kernel.put(frame)
          yield* perform(REUSE)
        },
      ],
      devices: [
        function* (device) {
          yield* device.write(0)
          yield* device.write(0)
        },
      ],
    })

  it('lets a device reach a page that was freed inside the batch', () => {
    expect(names(deferring(false))).toEqual(['frame-lifetime'])
  })

  it('is sound where a reference is held until the flush', () => {
    expect(names(deferring(true))).toEqual([])
  })
})

describe('mremap that flushes behind its locks (CVE-2018-18281)', () => {
  /** CPU0 moves page 0 to page 1; CPU1 truncates: finds the mapping by the reverse map; CPU2 writes to the old address. */
  const moving = (flushesUnderLock: boolean): Experiment =>
    experiment({
      machine: { pages: [0, 1] },
      policy: nativeIpi,
      words: { ptl: lockWord() },
      *setup(cpu, _words, kernel) {
        const { x86 } = kernel
        yield* kernel.put(x86.frame(1))
        yield* cpu.setEntry(1, 1, 0)
      },
      cpus: [
        function* (cpu, { ptl }, kernel) {
          yield* spinLock(kernel, ptl)
          const frame = yield* clear(kernel, 0)
          if (frame !== 0) yield* cpu.setEntry(1, 1, entry(frame, P | RW | US))
          if (flushesUnderLock) yield* flushTlbRange(kernel, 0, 1, {}, 0)
          yield* spinUnlock(kernel, ptl)
          if (!flushesUnderLock) yield* flushTlbRange(kernel, 0, 1, {}, 0)
        },
        function* (cpu, { ptl }, kernel) {
          const frame = cpu.frame(0)
          yield* spinLock(kernel, ptl)
          for (const page of yield* rmapWalk(kernel, frame)) {
            yield* clear(kernel, page)
            yield* flushTlbRange(kernel, 0, 1 << page, {}, 0)
          }
          yield* spinUnlock(kernel, ptl)
          yield* kernel.put(frame)
        },
        function* (cpu) {
          yield* cpu.write(0)
          yield* cpu.write(0)
        },
      ],
    })

  it('leaves the old address usable when the page is freed through the new one', () => {
    expect(names(moving(false))).toContain('frame-lifetime')
  })

  it('is sound where the flush comes before the lock is released', () => {
    expect(names(moving(true))).toEqual([])
  })
})

describe('a huge kernel mapping that frees the table it replaces (ioremap)', () => {
  /** The leaf entries are gone and flushed; then the table is unhooked, freed and reused. CPU1 only speculates. */
  const promoting = (invalidates: boolean): Experiment =>
    experiment({
      machine: { pages: [0, 2], vcpus: 2, speculation: 2, spare: 1 },
      policy: nativeIpi,
      cpus: [
        function* (cpu, _words, kernel) {
          yield* clear(kernel, 0)
          yield* flushTlbRange(kernel, 0, 1, {}, 0)
          yield* clear(kernel, 0, 2)
          if (invalidates) yield* flushTlbRange(kernel, 0, 1, { freedTables: true }, 0)
          yield* kernel.freeTableNow(cpu.table(1, 0))
          yield* kernel.allocate('data', { mayFail: false })
          yield* cpu.setEntry(2, 0, entry(cpu.spare(), P | RW | US | PS))
        },
        function* () {},
      ],
    })

  it('lets a speculative walk read it through a paging-structure cache', () => {
    expect(names(promoting(false))).toEqual(['hardware-walk'])
  })

  it('is sound with a flush behind the unhooking', () => {
    expect(names(promoting(true))).toEqual([])
  })
})

describe('a CPU whose bit is cleared too early', () => {
  /** CPU1 leaves the space; CPU0 unmaps a page in it and flushes whoever is in the mask. */
  const leaving = (late: boolean): Experiment =>
    experiment({
      machine: { spaces: 2 },
      policy: nativeIpi,
      cpus: [
        function* (_cpu, _words, kernel) {
          const frame = yield* clear(kernel, 0)
          yield* flushTlbRange(kernel, 0, 1, {}, 0)
          yield* kernel.put(frame)
        },
        function* (cpu, _words, kernel) {
          const mask: Word = kernel.kernel.cpumask[0]
          const drop = (): Code<number> => kernel.fetchAnd(mask, ~2)
          yield* cpu.read(0)
          if (!late) yield* drop()
          yield* cpu.read(0)
          yield* cpu.loadCr3(1)
          if (late) yield* drop()
        },
      ],
    })

  it('is left out while it can still use the old space', () => {
    expect(names(leaving(false))).toContain('frame-lifetime')
  })

  it('is left out once it cannot', () => {
    expect(names(leaving(true))).toEqual([])
  })
})
