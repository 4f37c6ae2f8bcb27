/**
 * A static key that turns native flushing into paravirtual flushing at run time. Two things change: tables are freed
 * by RCU, and flushes become hypercalls. An operation that decided how to free its table before the key was turned
 * must be over before its flush may become a hypercall; here the turning waits a grace period in between, and every
 * operation is a reader from its decision to its end.
 */
import type { z } from 'zod'
import type { Code } from '../engine/step.ts'
import type { Cpu } from '../guest/cpu.ts'
import type { Shared } from '../guest/policy.ts'
import { variable } from '../machine/word.ts'
import { definePolicy } from './define.ts'
import { hypervList } from './hyperv-list.ts'
import { targetSets } from './hyperv-targets.ts'
import { nativeIpi } from './native-ipi.ts'
import { removeTable } from './table-free.ts'

/** The two sides of the key. */
export const keys = { rcuTables: variable(), hypercallFlush: variable() }
export type KeyCpu = Cpu<Shared<typeof keys>, z.output<typeof targetSets>>

/** How the table of this operation will be freed is decided when it is queued, before anything is flushed. */
export function* decide(cpu: KeyCpu): Code<number> {
  return yield* cpu.load(cpu.shared.rcuTables.of())
}

export function* flushByKey(cpu: KeyCpu, request: Parameters<typeof nativeIpi.flush>[1]): Code {
  if ((yield* cpu.load(cpu.shared.hypercallFlush.of())) === 1) yield* hypervList.flush(cpu, request, 0)
  else yield* nativeIpi.flush(cpu, request, 0)
}

export function* freeByDecision(cpu: KeyCpu, table: number, decided: number): Code {
  if (decided === 1) yield* removeTable(cpu, table)
  else yield* cpu.freeTableNow(table)
}

export const staticKey = definePolicy({
  name: 'static-key',
  summary:
    'Turns IPI flushes with immediate freeing into hypercalls with RCU at run time, a grace period in between',
  symmetric: true,
  expected: 'safe',
  shared: keys,
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *gather(cpu) {
    yield* cpu.rcuReadLock()
    return yield* decide(cpu)
  },
  *flush(cpu, request) {
    yield* flushByKey(cpu, request)
  },
  *freeTable(cpu, table, decided) {
    yield* freeByDecision(cpu, table, decided)
  },
  *finish(cpu) {
    yield* cpu.rcuReadUnlock()
  },
  operations: {
    turn_key: {
      summary: 'turn native into paravirtual flushing',
      *run(cpu) {
        yield* cpu.store(cpu.shared.rcuTables.of(), 1)
        yield* cpu.synchronizeRcu()
        yield* cpu.store(cpu.shared.hypercallFlush.of(), 1)
      },
    },
  },
})
