/** Our own facts about the readers-only exemption: when an old translation may still be read through, and what ends that. */
import { RW } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import { flushBy } from '../../../src/guest/flush.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import { REUSE } from '../../../src/machine/frames.ts'
import { perform, type Code } from '../../../src/engine/step.ts'
import { guarded } from '../fact.ts'

type Act = (cpu: X86, kernel: Cpu) => Code<unknown>

/** A lazy flush of page 0: when it returns, the CPU that reads has flushed nothing. */
const lazily: Act = () => flushBy(0, 1, (function* () {})())
const free: Act = (cpu, kernel) => kernel.put(cpu.frame(0))
/** The flush that was put off. */
const flush: Act = (_cpu, kernel) => kernel.hypercall('HvFlushVirtualAddressSpace', 0, [1])
const take: Act = (_cpu, kernel) => kernel.allocate('data', { mayFail: false })

/** CPU1 has a read-only page in its TLB and reads it on; CPU0 unmaps it and does one thing after the other. */
const reading = (
  acts: readonly Act[],
  { writable = false, ...machine }: Partial<MachineConfig> & { writable?: boolean } = {},
) => ({
  machine: { staleReads: true, pages: [0, 2], spare: 1, ...machine },
  setup: [
    function* (cpu: X86): Code {
      if (!writable) yield* cpu.clearFlags(1, 0, RW)
    },
    function* (cpu: X86): Code {
      yield* writable ? cpu.write(0) : cpu.read(0)
    },
  ],
  cpus: [
    function* (cpu: X86, _words: unknown, kernel: Cpu): Code {
      yield* cpu.xchgEntry(1, 0, 0)
      for (const act of acts) yield* act(cpu, kernel)
    },
    function* (cpu: X86): Code {
      yield* writable ? cpu.write(0) : cpu.read(0)
    },
  ],
})

export const staleReads = [
  guarded(
    'stale-read',
    'a page is read that is unmapped, whose flush is put off',
    'stale-translation',
    (staleReads) => reading([lazily], { staleReads }),
  ),
  guarded(
    'stale-read-free',
    'a page is read that is free, and is still what it was',
    'frame-lifetime',
    (staleReads) => reading([lazily, free], { staleReads }),
  ),
  guarded(
    'stale-read-taken',
    'a page is read that has another owner, before it was flushed',
    'frame-lifetime',
    (careful) => reading([free, ...(careful ? [flush] : []), take]),
  ),
  guarded(
    'stale-read-again',
    'a page is read that is free for the second time',
    'frame-lifetime',
    (careful) => reading([free, ...(careful ? [flush] : []), take, free]),
  ),
  guarded('stale-read-reused', 'a page is read that somebody else has filled', 'frame-lifetime', (careful) =>
    reading([free, ...(careful ? [flush] : []), () => perform(REUSE)]),
  ),
  guarded(
    'stale-read-stored',
    'a page is read that was stored to by another name, before it was flushed',
    'stale-translation',
    (careful) =>
      reading([
        (cpu) => cpu.map(2, cpu.frame(0)),
        lazily,
        ...(careful ? [flush] : []),
        (cpu) => cpu.write(2),
      ]),
  ),
  guarded(
    'stale-read-mapped',
    'a page is read whose address leads elsewhere, before it was flushed',
    'stale-translation',
    (careful) => reading([lazily, ...(careful ? [flush] : []), (cpu) => cpu.map(0, cpu.spare())]),
  ),
  guarded(
    'stale-write',
    'a page is written that is unmapped and not flushed',
    'stale-translation',
    (careful) => reading([lazily], { writable: !careful }),
  ),
  guarded('stale-read-table', 'a table is walked that is free and not flushed', 'hardware-walk', (careful) =>
    reading(
      [
        (cpu) => cpu.xchgEntry(2, 0, 0),
        ...(careful ? [flush] : []),
        (cpu, kernel) => kernel.freeTableNow(cpu.table(1, 0)),
      ],
      { speculation: 1, eviction: true },
    ),
  ),
]
