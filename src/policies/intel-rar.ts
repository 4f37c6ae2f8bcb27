/**
 * Remote Action Requests in place of IPIs, with tables still freed at once: microcode serves a request with interrupts
 * off as well, so nothing waits for gup_fast. After the patches that add arch/x86/mm/rar.c to Linux
 * (smp_call_rar_many), with one payload slot.
 */
import { RAR_PENDING } from '../machine/events.ts'
import { variable } from '../machine/word.ts'
import { definePolicy } from './define.ts'

export const intelRar = definePolicy({
  name: 'intel-rar',
  summary: 'Flush by Remote Action Requests; tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'microcode answers for a CPU that walks page tables with interrupts off',
  fixedBy: 'intel-rar-rcu',
  machine: { rar: 1 },
  shared: { slotLock: variable({ max: 7 }) },
  *flush(cpu, request) {
    const { rar } = cpu.x86
    yield* cpu.flushLocal(request)
    if (request.targets.length === 0) return
    yield* cpu.lock(cpu.shared.slotLock.of())
    yield* cpu.store(rar.payload(0), rar.request({ pages: request.pages }))
    for (const target of request.targets) {
      yield* cpu.store(rar.action(target, 0), RAR_PENDING)
      // The signal is an MSR write, which would overtake the stores (weak_wrmsr_fence).
      if (cpu.config.x2apic) yield* cpu.mfence()
      yield* rar.send(target)
    }
    for (const target of request.targets) yield* cpu.until(rar.action(target, 0), 0, RAR_PENDING)
    yield* cpu.unlock(cpu.shared.slotLock.of())
  },
})
