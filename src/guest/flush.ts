/**
 * flush_tlb_mm_range: what generic kernel code does around the policy's flush. Linux arch/x86/mm/tlb.c.
 */
import { perform, type Code } from '../engine/step.ts'
import { FLUSH_BEGINS, FLUSH_DONE } from '../machine/flush-ghosts.ts'
import type { Cpu } from './cpu.ts'
import { LAZY_SKIPPED } from './kernel.ts'
import { makeRequest, type FlushKind, type FlushRequest } from './request.ts'

/** The request for `pages` with every other CPU as its target, as far as it is known before anything changed. */
export const requestFor = (cpu: Cpu, space: number, pages: number, kind: FlushKind): FlushRequest =>
  makeRequest(space, pages, kind, cpu.others())

/** Flushes after the tables changed; returns when the policy says that no CPU uses the old translations. */
export function* flushTlbRange(
  cpu: Cpu,
  space: number,
  pages: number,
  kind: FlushKind,
  gathered: number,
): Code {
  yield* perform(FLUSH_BEGINS, pages, space)
  const targets = yield* targetsOf(cpu, space, kind)
  yield* cpu.policy.flush(cpu, makeRequest(space, pages, kind, targets), gathered)
  yield* perform(FLUSH_DONE)
}

/**
 * Runs code that flushes by itself, an IOMMU's driver say: when it returns, nobody may use translations of the pages that
 * the tables contradicted when it began.
 */
export function* flushBy<T>(space: number, pages: number, code: Code<T>): Code<T> {
  yield* perform(FLUSH_BEGINS, pages, space)
  const result = yield* code
  yield* perform(FLUSH_DONE)
  return result
}

/** The CPUs other than this one that may use the space: mm_cpumask, less those in lazy mode if only leaves changed. */
function* targetsOf(cpu: Cpu, space: number, kind: FlushKind): Code<number[]> {
  const { kernel, features } = cpu
  const all = 2 ** cpu.cpus - 1
  if (features.lazy) yield* cpu.fetchOr(kernel.behind[space], all)
  const mask = features.switching ? yield* cpu.load(kernel.cpumask[space]) : all
  const targets: number[] = []
  for (const other of cpu.others()) {
    if ((mask & (1 << other)) === 0) continue
    if (features.lazy && kind.freedTables !== true && kind.collapse !== true) {
      if ((yield* cpu.load(kernel.lazy[other])) === 1) {
        yield* perform(LAZY_SKIPPED)
        continue
      }
    }
    targets.push(other)
  }
  return targets
}
