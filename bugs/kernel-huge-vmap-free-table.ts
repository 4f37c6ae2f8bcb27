/**
 * Linux x86 4.16 to 4.18 (5e0fb5df2ee8), and its sibling on arm64 (ec28bb9c9b08). Where a range of kernel addresses had
 * been unmapped, ioremap put a large page in place of the empty PTE table and freed the table at once. Every page of
 * the range had been flushed when it was unmapped, but a walk needs only a PMD entry to cache where the table is: one
 * that came after those flushes still read the freed table. Since the fix, the range is flushed between clearing the
 * PMD entry and freeing the table.
 */
import { A, D, definePolicy, entry, P, PS, RW } from '../src/index.ts'
import { vunmap } from './parts/vunmap.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'kernel-huge-vmap-free-table' : 'kernel-huge-vmap-free-table-fixed',
    summary: `ioremap replaces an empty table by a large page, ${broken ? 'without' : 'with'} a flush before it frees the table`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'hardware-walk' } : {}),
    symmetric: true,
    workload: ['read', 'vunmap', 'ioremap'],
    machine: { preemptions: 0, spare: 1 },
    operations: {
      vunmap,
      ioremap: {
        summary: 'map device memory by a large page where nothing is mapped',
        subject: 'region',
        *run(cpu, page, space) {
          const mm = cpu.mm(space)
          yield* mm.lock()
          const table = yield* mm.findTable(1, page)
          if (table !== 0 && (yield* mm.isEmpty(table))) {
            yield* mm.clearEntry(2, page)
            if (!broken) yield* mm.flush(mm.region(page), { freedTables: true })
            yield* mm.freeTable(table)
            yield* mm.setEntry(2, page, entry(cpu.x86.spare(), P | RW | A | D | PS))
          }
          yield* mm.unlock()
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
