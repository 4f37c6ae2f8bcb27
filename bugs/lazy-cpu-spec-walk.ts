/**
 * Linux x86, lazy-TLB rework of mid-2018 (2ff6ddf19c0e). A CPU that runs a kernel thread keeps the page tables of the
 * process before it in CR3. Its flushes could wait until it came back, so shootdowns left it out; but it may still walk
 * those tables speculatively, and a table that was freed meanwhile is read as whatever it has become. Since the fix,
 * shootdowns that go before a table free interrupt lazy CPUs as well.
 */
import { definePolicy } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'lazy-cpu-spec-walk' : 'lazy-cpu-spec-walk-fixed',
    summary: `IPI to all CPUs ${broken ? 'that are not lazy' : 'that are not lazy, and to lazy ones if tables are freed'}`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'hardware-walk' } : {}),
    symmetric: true,
    workload: ['munmap', 'read', 'lazy_tlb'],
    machine: { preemptions: 0 },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      const targets: number[] = []
      for (const target of request.targets) {
        const spared = broken || !request.freedTables
        const lazy = spared && (yield* cpu.load(cpu.kernel.lazy[target])) === 1
        if (!lazy) targets.push(target)
      }
      yield* cpu.callFunction(targets, request)
    },
  })

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
