/** The static key turned without a grace period: an operation under way flushes the new way and frees the old way. */
import { definePolicy } from './define.ts'
import { hypervList } from './hyperv-list.ts'
import { targetSets } from './hyperv-targets.ts'
import { decide, flushByKey, freeByDecision, keys } from './static-key.ts'

export const staticKeyEarly = definePolicy({
  name: 'static-key-early',
  summary: 'Turns IPI flushes with immediate freeing into hypercalls with RCU at run time, both at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'an operation that decided to free at once flushes by hypercall',
  fixedBy: 'static-key',
  shared: keys,
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *gather(cpu) {
    return yield* decide(cpu)
  },
  *flush(cpu, request) {
    yield* flushByKey(cpu, request)
  },
  *freeTable(cpu, table, decided) {
    yield* freeByDecision(cpu, table, decided)
  },
  operations: {
    turn_key: {
      summary: 'turn native into paravirtual flushing',
      *run(cpu) {
        yield* cpu.store(cpu.shared.rcuTables.of(), 1)
        yield* cpu.store(cpu.shared.hypercallFlush.of(), 1)
      },
    },
  },
})
