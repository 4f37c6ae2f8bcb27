/**
 * A policy as large as one gets: a paravirtual guest with all that its kernel has for flushes, over three files. What the
 * machine's features cost is measured with it, so it runs on a machine with all of them and on one with none.
 */
import { definePolicy, type Code, type FlushRequest } from '../../src/index.ts'
import { removeTable } from '../../src/policies/table-free.ts'
import {
  flushDevices,
  flushHere,
  flushOthers,
  HOST_FLAGS,
  markPreempted,
  obeyMark,
  pvHypercalls,
  pvOptions,
  pvWords,
  type PvCpu,
} from './pv-flush.ts'
import { pvPaths, REPORT } from './pv-paths.ts'

/** How the tables of a gather will be freed: decided when it begins, and kept to its end. */
const AT_ONCE = 0
const BY_RCU = 1

/** tlb_gather_mmu: the gather is counted, and is a reader, so that the key is not turned under it. */
function* begin(cpu: PvCpu): Code<number> {
  const { pending, rcuTables } = cpu.shared
  yield* cpu.rcuReadLock()
  yield* cpu.fetchAdd(pending.of(), 1)
  return yield* cpu.load(rcuTables.of())
}

/** tlb_finish_mmu. */
function* end(cpu: PvCpu): Code {
  yield* cpu.fetchAdd(cpu.shared.pending.of(), -1)
  yield* cpu.rcuReadUnlock()
}

/** flush_tlb_mm_range, from where this CPU and the others are told apart. */
function* flush(cpu: PvCpu, request: FlushRequest): Code {
  yield* flushHere(cpu, request)
  yield* flushOthers(cpu, request)
  yield* flushDevices(cpu, request)
}

/** The work that others have put off to this CPU. */
function* doDeferred(cpu: PvCpu): Code {
  const words = cpu.shared.deferred.of(cpu.id)
  const work = yield* cpu.xchg(words, 0)
  if (work & REPORT) yield* cpu.load(cpu.shared.host.of())
}

export const pvGuest = definePolicy({
  name: 'pv-guest',
  summary:
    'Flags for preempted vCPUs, IPIs or hypercalls for the others, tables freed by RCU; a key turned at run time',
  symmetric: 'cpus',
  expected: 'safe',
  options: pvOptions,
  shared: pvWords,
  hypercalls: pvHypercalls,
  interrupts: { deferred: doDeferred },
  *boot(cpu) {
    if (cpu.id !== 0 || cpu.options.boot === 'native') return
    yield* cpu.store(cpu.shared.rcuTables.of(), BY_RCU)
    yield* cpu.store(cpu.shared.paravirtual.of(), 1)
  },
  gather: begin,
  flush,
  flushRemote: flushHere,
  *freeTable(cpu, table, decided) {
    if (decided === AT_ONCE) yield* cpu.freeTableNow(table)
    else yield* removeTable(cpu, table)
  },
  finish: end,
  *onVcpuExit(host) {
    if ((yield* host.load(host.shared.host.of())) & HOST_FLAGS) yield* markPreempted(host)
  },
  *onVcpuEntry(host) {
    if ((yield* host.load(host.shared.host.of())) & HOST_FLAGS) yield* obeyMark(host)
  },
  *nmi(cpu) {
    if (yield* cpu.nmiUaccessOkay()) yield* cpu.x86.read(cpu.config.pages[0])
  },
  operations: pvPaths,
  invariants: [
    {
      name: 'key-in-order',
      sentence: 'Flushes are paravirtual only while tables are freed by RCU.',
      holds: ({ rcuTables, paravirtual }, read) =>
        read(paravirtual.of()) === 0 || read(rcuTables.of()) === BY_RCU,
    },
  ],
})
