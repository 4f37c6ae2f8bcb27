/** Guest code of a policy's own, for scenarios that no shipped operation gets into. */
import { perform, type Code } from '../../src/engine/step.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { flushTlbRange } from '../../src/guest/flush.ts'
import { geometryOf } from '../../src/guest/operations/root.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { pageMask } from '../../src/guest/request.ts'
import { lockWord, mutexLock, mutexUnlock } from '../../src/guest/spinlock.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { COPY, PUT } from '../../src/machine/frames.ts'
import { CLEAR_ENTRY, SET_ENTRY, place } from '../../src/machine/table-ops.ts'
import type { SharedWords } from '../../src/machine/word.ts'
import { nativeIpi } from '../../src/policies/index.ts'

/** native-ipi with one more operation, `own`. */
export const withOwn = (run: (cpu: Cpu) => Code): AnyPolicy => ({
  ...nativeIpi,
  operations: { own: { summary: 'code of a test', run } },
})

/** Frame of the page, of the table that maps it, and of the large page that could take its place. */
export function framesOf(cpu: Cpu, page: number): { page: number; table: number; huge: number } {
  const { datas, tables, huge, base } = geometryOf(cpu.config)
  const first = base.call(geometryOf(cpu.config), page, 1)
  return {
    page: datas.find((each) => each.page === page)!.frame,
    table: tables.find((each) => each.level === 1 && each.first === first)!.frame,
    huge: huge.find((each) => each.page === first)?.frame ?? 0,
  }
}

const flush = (cpu: Cpu, page: number): Code => flushTlbRange(cpu, 0, pageMask(cpu.config, page), {}, 0)

/** Copies page 2 away, while it is mapped or after it was unmapped and flushed. */
export const copyAway = (unmapFirst: boolean): AnyPolicy =>
  withOwn(function* (cpu) {
    const { page, table, huge } = framesOf(cpu, 2)
    if (unmapFirst) {
      yield* perform(CLEAR_ENTRY, table, place(1, 2))
      yield* flush(cpu, 2)
    }
    yield* perform(COPY, huge, page)
  })

/** Moves page 2 to another frame and reads it there, before or after everybody was made to forget the first. */
export const migrate = (flushFirst: boolean): AnyPolicy =>
  withOwn(function* (cpu) {
    const { page, table } = framesOf(cpu, 2)
    const target = cpu.x86.spare()
    yield* perform(CLEAR_ENTRY, table, place(1, 2))
    if (flushFirst) yield* flush(cpu, 2)
    yield* cpu.copyPage(target, page, 2)
    yield* perform(SET_ENTRY, table, place(1, 2), entry(target, P | RW | US))
    yield* cpu.access(2, 'read')
  })

/** Sleeps for a mutex inside a read-side section, or behind it. */
export const sleeper = (inside: boolean): AnyPolicy => ({
  ...withOwn(function* (cpu) {
    const lock = (cpu.shared as { lock: SharedWords }).lock.of()
    yield* cpu.rcuReadLock()
    if (!inside) yield* cpu.rcuReadUnlock()
    yield* mutexLock(cpu, lock)
    yield* mutexUnlock(cpu, lock)
    if (inside) yield* cpu.rcuReadUnlock()
  }),
  shared: { lock: lockWord() },
})

/** Unmaps page 0 and gives it back, with a locked exchange that hands on the D flag or with a plain store. */
export const unmap = (locked: boolean): AnyPolicy =>
  withOwn(function* (cpu) {
    const { page, table } = framesOf(cpu, 0)
    if (locked) yield* perform(CLEAR_ENTRY, table, place(1, 0))
    else yield* perform(SET_ENTRY, table, place(1, 0), 0)
    yield* flush(cpu, 0)
    yield* perform(PUT, page)
  })
