/**
 * Linux x86 up to 4.18 (4012e77a903d, August 2018). An NMI handler, that of perf for one, copies from user memory of the
 * mm that runs. It cannot be masked, so it may come when a switch has changed loaded_mm or CR3 but not yet the other,
 * and reads what another process has at those addresses. Since the fix, loaded_mm holds a value of its own while CR3 is
 * loaded (LOADED_MM_SWITCHING), and handlers that find it leave user memory alone.
 */
import { definePolicy } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'nmi-uaccess-mid-switch' : 'nmi-uaccess-mid-switch-fixed',
    summary: `IPI to mm_cpumask; NMI handlers trust loaded_mm, which is stored ${broken ? 'before' : 'around'} the load of CR3`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'address-space-isolation' } : {}),
    symmetric: true,
    workload: ['read', 'munmap', 'activate_mm'],
    machine: { nmis: 1, preemptions: 0, groups: [[0]] },
    operations: {
      activate_mm: {
        summary: 'switch to the other address space',
        as: 'load',
        needs: 'switching',
        *run(cpu, _page, space) {
          const { cpumask, loaded } = cpu.kernel
          const next = 1 - space
          const bit = 1 << cpu.id
          yield* cpu.cli()
          yield* cpu.fetchOr(cpumask[next], bit)
          yield* cpu.store(loaded[cpu.id], broken ? next + 1 : 0)
          yield* cpu.loadCr3(next)
          if (!broken) yield* cpu.store(loaded[cpu.id], next + 1)
          yield* cpu.fetchAnd(cpumask[space], ~bit)
          yield* cpu.sti()
        },
      },
    },
    *nmi(cpu) {
      const loaded = yield* cpu.load(cpu.kernel.loaded[cpu.id])
      if (loaded !== 0) yield* cpu.x86.read(cpu.config.pages[0], { space: loaded - 1 })
    },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      yield* cpu.callFunction(request.targets, request)
    },
  })

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
