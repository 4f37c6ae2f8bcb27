/**
 * Linux x86 up to 2.6.37 (831d52bc1539, February 2011) and OpenBSD amd64 (pm_cpus, 9f1181d59de3). The mask of an
 * address space says whom its shootdowns must reach. A context switch took the CPU out of the old mask while CR3 still
 * pointed to the old tables: until CR3 was loaded, the CPU could walk tables that were freed without it. OpenBSD did the
 * same between two threads of one process, where CR3 is not loaded at all and stale translations stayed for good. The
 * fix: the bit is set before the CR3 load and cleared after it, and is left alone where CR3 is.
 */
import { definePolicy } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'cpu-bit-cleared-too-early' : 'cpu-bit-cleared-too-early-fixed',
    summary: `IPI to mm_cpumask, whose bit is cleared ${broken ? 'before' : 'after'} CR3 is loaded`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'hardware-walk, frame-lifetime' } : {}),
    symmetric: true,
    workload: ['munmap', 'read', 'switch_process', 'switch_thread'],
    machine: { preemptions: 0 },
    operations: {
      switch_process: {
        summary: 'switch to a thread of the other process',
        as: 'load',
        needs: 'switching',
        *run(cpu, _page, space) {
          const { cpumask } = cpu.kernel
          const bit = 1 << cpu.id
          yield* cpu.cli()
          if (broken) yield* cpu.fetchAnd(cpumask[space], ~bit)
          yield* cpu.fetchOr(cpumask[1 - space], bit)
          yield* cpu.loadCr3(1 - space)
          if (!broken) yield* cpu.fetchAnd(cpumask[space], ~bit)
          yield* cpu.sti()
        },
      },
      switch_thread: {
        summary: 'switch to another thread of the same process',
        as: 'load',
        needs: 'cpumask',
        *run(cpu, _page, space) {
          if (!broken) return
          const bit = 1 << cpu.id
          yield* cpu.cli()
          yield* cpu.fetchAnd(cpu.kernel.cpumask[space], ~bit)
          yield* cpu.fetchOr(cpu.kernel.cpumask[space], bit)
          yield* cpu.sti()
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
