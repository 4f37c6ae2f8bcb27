/**
 * Uros, a Mach descendant (#317, June 2026); Twizzler discussed the same hazard (PR #150, November 2023). A shootdown
 * is sent under a lock, and waits until every CPU that is in use has answered the IPI. Another CPU spins on that lock
 * with interrupts off: it cannot answer before it has the lock, and cannot get the lock before it has answered. In the
 * fixed form whoever spins looks for invalidations that are asked of it in each turn of the loop.
 */
import { definePolicy, variable } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'shootdown-vs-irqoff-spin' : 'shootdown-vs-irqoff-spin-fixed',
    summary: `IPI under a lock that is taken with interrupts off, ${broken ? 'where spinning answers nobody' : 'answered while spinning'}`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'flush-completes' } : {}),
    symmetric: true,
    shared: { pmapLock: variable({ max: 1 }) },
    workload: ['read', 'pmap_remove'],
    machine: { preemptions: 0 },
    operations: {
      pmap_remove: {
        summary: 'unmap a page, under a lock and with interrupts off',
        subject: 'page',
        *run(cpu, page, space) {
          const mm = cpu.mm(space)
          const lock = cpu.shared.pmapLock.of()
          yield* cpu.cli()
          while ((yield* cpu.xchg(lock, 1)) === 1) {
            if (broken) yield* cpu.until(lock, 0)
            else yield* cpu.serveCalls()
            yield* cpu.checkpoint('spin')
          }
          const frame = yield* mm.clearEntry(1, page)
          if (frame !== 0) {
            yield* mm.flush([page])
            yield* mm.put(frame)
          }
          yield* cpu.store(lock, 0)
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
