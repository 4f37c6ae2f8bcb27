/**
 * Xen, November 2011 to October 2020 (XSA-346; dea460d86957, 5777a3742d88). When a range of guest memory is changed page
 * by page, the IOTLB is flushed once at its end: a per-CPU flag tells the flushes in between to leave it alone. A page
 * that such a change displaces lost its last reference at once, and was free while devices still reached it. Since the
 * fix, references are held until the deferred flush has happened.
 */
import { definePolicy, perCpu, requestFor, type Cpu, type FlushRequest } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) => {
  const flushCpus = function* (cpu: Cpu, request: FlushRequest) {
    yield* cpu.flushLocal(request)
    yield* cpu.callFunction(request.targets, request)
  }
  return definePolicy({
    name: broken ? 'iommu-deferred-flush-vs-free' : 'iommu-deferred-flush-vs-free-fixed',
    summary: `IPI, and one flush of the IOTLB for a range, ${broken ? 'behind' : 'before'} the frees of its pages`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime' } : {}),
    symmetric: true,
    shared: { status: perCpu() },
    workload: ['read', 'munmap', 'displace_range'],
    machine: { devices: 1, dmas: 1, preemptions: 0, groups: [[2, 3]] },
    operations: {
      displace_range: {
        summary: 'take the pages of a range away, with one flush of the IOTLB',
        subject: 'region',
        *run(cpu, first, space) {
          const mm = cpu.mm(space)
          const displaced: number[] = []
          yield* mm.lock()
          for (const [i, page] of mm.region(first).entries()) {
            const frame = yield* mm.clearEntry(1, page)
            if (frame === 0) continue
            yield* flushCpus(cpu, requestFor(cpu, space, 1 << i, {}))
            if (broken) yield* mm.put(frame)
            else displaced.push(frame)
          }
          yield* mm.flush(mm.region(first))
          for (const frame of displaced) yield* mm.put(frame)
          yield* mm.unlock()
        },
      },
    },
    *flush(cpu, request) {
      yield* flushCpus(cpu, request)
      // A walk to any page may be inside a table that is freed.
      const pages = request.freedTables ? 2 ** cpu.config.pages.length - 1 : request.pages
      yield* cpu.iommu.flush(request.space, { pages }, cpu.shared.status.of(cpu.id))
    },
  })
}

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
