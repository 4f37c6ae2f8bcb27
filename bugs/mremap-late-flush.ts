/**
 * Linux 3.2 to 4.18 (CVE-2018-18281, eb66ae030829). mremap moved an entry from one address to another under the
 * page-table locks, released them, and flushed the old address afterwards. Whoever truncates the file finds its page by
 * the reverse map, at the new address, flushes that one and gives the page back: another thread still reaches it
 * through the old address. Since the fix, the old address is flushed before the locks are released.
 */
import { A, P, RW, US, definePolicy, entry, frameOf } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'mremap-late-flush' : 'mremap-late-flush-fixed',
    summary: `mremap flushes the old address ${broken ? 'after it has released' : 'while it holds'} the page-table lock`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime' } : {}),
    symmetric: 'cpus',
    workload: ['read', 'mremap', 'ftruncate'],
    machine: { vcpus: 3, preemptions: 0, groups: [[2, 3]] },
    *boot(cpu) {
      const mm = cpu.mm(0)
      const frame = yield* mm.clearEntry(1, 3)
      if (frame !== 0) yield* mm.put(frame)
    },
    operations: {
      mremap: {
        summary: 'move a page to the address behind it, where nothing is mapped',
        subject: 'region',
        *run(cpu, page, space) {
          const mm = cpu.mm(space)
          yield* mm.lock()
          const frame = yield* mm.clearEntry(1, page)
          if (frame !== 0) yield* mm.setEntry(1, page + 1, entry(frame, P | RW | US | A))
          if (broken) yield* mm.unlock()
          if (frame !== 0) yield* mm.flush([page])
          if (!broken) yield* mm.unlock()
        },
      },
      ftruncate: {
        summary: 'take a page out of the file, wherever it is mapped',
        subject: 'region',
        *run(cpu, page, space) {
          const mm = cpu.mm(space)
          for (const at of [page, page + 1]) {
            yield* mm.lock()
            const frame = frameOf(yield* mm.readEntry(1, at))
            if (frame === cpu.x86.frame(page)) {
              yield* mm.clearEntry(1, at)
              yield* mm.flush([at])
            }
            yield* mm.unlock()
            if (frame === cpu.x86.frame(page)) return yield* mm.put(frame)
          }
        },
      },
    },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      yield* cpu.callFunction(request.targets, request)
    },
  })

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
