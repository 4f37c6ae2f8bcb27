/**
 * Paths of the kernel that a paravirtual guest brings along: a range that is unmapped in one gather, a page that moves to
 * another address, one that loses its write permission for a copy, one that migrates to another frame, and the turn of the
 * static key. After mm/mmu_gather.c, mm/mremap.c, mm/memory.c, mm/migrate.c.
 */
import { A, entry, MmuGather, P, RW, US, type Code, type PolicyOperation } from '../../src/index.ts'
import type { PvCpu } from './pv-flush.ts'

/** unmap_region: all pages of a table and the table itself, with one flush for them. */
const unmapRegion: PolicyOperation = {
  summary: 'unmap the pages of a table in one gather',
  subject: 'region',
  *run(cpu, first, space) {
    const mm = cpu.mm(space)
    yield* mm.lock()
    const gather = yield* MmuGather.begin(cpu, space)
    for (const page of mm.region(first)) yield* gather.zap(page)
    yield* gather.freeTables(first)
    yield* gather.finish()
    yield* mm.unlock()
  },
}

/** move_ptes: the entry moves under the lock, and the old address is flushed before the lock is released. */
const moveEntry: PolicyOperation = {
  summary: 'move a page to the address behind it, if nothing is mapped there',
  subject: 'region',
  *run(cpu, first, space) {
    const mm = cpu.mm(space)
    const [from, to] = mm.region(first)
    yield* mm.lock()
    if ((yield* mm.readEntry(1, to)) === 0) {
      const frame = yield* mm.clearEntry(1, from)
      if (frame !== 0) {
        yield* mm.setEntry(1, to, entry(frame, P | RW | US | A))
        yield* mm.flush([from])
      }
    }
    yield* mm.unlock()
  },
}

/** copy_present_pte: fork shares a page by taking the right to write to it away, in the parent too. */
const shareForCopy: PolicyOperation = {
  summary: 'write-protect a page that a child shares',
  subject: 'page',
  *run(cpu, page, space) {
    const mm = cpu.mm(space)
    yield* mm.lock()
    if (yield* mm.clearFlags(1, page, RW)) yield* mm.flush([page])
    yield* mm.unlock()
  },
}

/** migrate_pages: unmap, flush, copy unless somebody has pinned it, map the copy; the old frame is given back. */
const migrate: PolicyOperation = {
  summary: 'move a page to another frame',
  subject: 'page',
  *run(cpu, page, space) {
    const mm = cpu.mm(space)
    const copy = yield* cpu.allocate('data')
    if (copy === 0) return
    yield* mm.lock()
    const seen = yield* mm.readEntry(1, page)
    const frame = seen === 0 ? 0 : yield* mm.clearEntry(1, page)
    if (frame !== 0) yield* mm.flush([page])
    const moves = frame !== 0 && (yield* cpu.isUnpinned(frame))
    if (moves) yield* cpu.copyPage(copy, frame, page, { replaces: true })
    if (frame !== 0) yield* mm.setEntry(1, page, moves ? entry(copy, P | RW | US) : seen)
    yield* mm.unlock()
    yield* mm.put(moves ? frame : copy)
  },
}

/** The host turns out to flush: whoever frees tables at once must be through before it is asked to. */
const turnKey: PolicyOperation = {
  summary: 'turn native into paravirtual flushing',
  *run(cpu) {
    const { rcuTables, paravirtual } = (cpu as PvCpu).shared
    yield* cpu.store(rcuTables.of(), 1)
    yield* cpu.synchronizeRcu()
    yield* cpu.store(paravirtual.of(), 1)
  },
}

/** Puts work off to a CPU and goes on; its handler does it. */
export function* defer(cpu: PvCpu, target: number, work: number): Code {
  yield* cpu.fetchOr(cpu.shared.deferred.of(target), work)
  yield* cpu.sendIpi(target, 'deferred')
}

/** What can be put off. */
export const REPORT = 1

/** The watchdog: each CPU in turn is asked to say that it lives. */
const poke: PolicyOperation = {
  summary: 'ask another CPU to report',
  as: 'load',
  *run(cpu) {
    const target = (cpu.id + 1) % cpu.cpus
    if (target !== cpu.id) yield* defer(cpu as PvCpu, target, REPORT)
  },
}

export const pvPaths = {
  unmap_region: unmapRegion,
  move_entry: moveEntry,
  share_for_copy: shareForCopy,
  migrate,
  turn_key: turnKey,
  poke,
}
