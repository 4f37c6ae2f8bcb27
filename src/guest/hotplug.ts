/**
 * CPU hotplug: a CPU takes itself out of cpu_online_mask and stops, another starts it again. kernel/cpu.c
 * (takedown_cpu, cpu_up), arch/x86/kernel/smpboot.c (native_play_dead, start_secondary). In place of stop_machine the
 * locks of all address spaces are held until it has stopped, so that no flush is on its way while the mask changes and
 * the CPU can still walk page tables; for the same reason the one that brings it up holds the lock of the first space.
 */
import { perform, type Code } from '../engine/step.ts'
import type { Cpu } from './cpu.ts'
import { READ_CR3 } from '../machine/invalidate.ts'
import { PARK, STARTED } from '../machine/offline.ts'
import { MAY_DEPART } from './kernel.ts'
import { setLoaded } from './loaded.ts'
import { callFunctionInterrupt } from './smp.ts'

/** Takes this CPU offline until another brings it up again, in the same space; false if that happened too often already. */
export function* goOffline(cpu: Cpu): Code<boolean> {
  const { lock, online, cpumask } = cpu.kernel
  const bit = 1 << cpu.id
  if ((yield* perform(MAY_DEPART)) === 0) return false
  for (const each of lock) yield* cpu.lock(each)
  yield* cpu.cli()
  const space = yield* perform(READ_CR3)
  yield* setLoaded(cpu, undefined)
  yield* cpu.fetchAnd(online, ~bit)
  // Requests whose IPI will not be taken any more (smpcfd_dying_cpu).
  yield* callFunctionInterrupt(cpu)
  yield* perform(PARK)
  for (const each of lock) yield* cpu.unlock(each)
  yield* perform(STARTED)
  // INIT has left CR3 at the first space; whoever is online must be in the mask of what it may walk.
  if (cpu.features.switching) yield* cpu.fetchOr(cpumask[0], bit)
  yield* cpu.fetchOr(online, bit)
  yield* cpu.loadCr3(space)
  if (space !== 0) yield* cpu.fetchAnd(cpumask[0], ~bit)
  yield* setLoaded(cpu, space)
  yield* cpu.sti()
  return true
}

/** Starts a CPU that is offline and waits until it is online. */
export function* bringUp(cpu: Cpu, target: number): Code {
  const { lock, online } = cpu.kernel
  const bit = 1 << target
  yield* cpu.lock(lock[0])
  if (((yield* cpu.load(online)) & bit) === 0) {
    yield* cpu.x86.apic.start(target)
    yield* cpu.until(online, bit, bit)
  }
  yield* cpu.unlock(lock[0])
}
