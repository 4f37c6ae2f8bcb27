/**
 * The seed workload as one would write it by hand with fast-check's scheduler: async functions, one await of the
 * scheduler for each atomic step. The steps are those of this package's machine, so that both do the same work; only
 * the interrupt handler is reduced to what this workload needs of it.
 */
import fc, { type Scheduler } from 'fast-check'
import {
  cached,
  checkTable,
  exit,
  flush,
  flushBegins,
  flushDone,
  inspect,
  makeMemory,
  put,
  release,
  use,
  type Cpu,
  type Frame,
} from './naive-machine.ts'
import { makeTurns, type Tally } from './naive-turns.ts'

/** How page tables are given back: after a grace period or an IPI, or at once, which is the race of 2017. */
export type Freeing = 'rcu' | 'immediate'

/** What fast-check picks besides the order of the tasks: is there a batch page, and which CPU is preempted. */
interface Picks {
  readonly batchPage: boolean
  readonly preempted: number | undefined
}

/** The property; adds the steps taken to `tally`. */
export const naiveRace = (
  freeing: Freeing,
  preemptions: 0 | 1,
  tally: Tally,
): fc.IAsyncPropertyWithHooks<[Scheduler, boolean, number | undefined]> =>
  fc.asyncProperty(
    fc.scheduler(),
    fc.boolean(),
    preemptions === 0 ? fc.constant(undefined) : fc.nat({ max: 1 }),
    (s, batchPage, preempted) => race(s, freeing, { batchPage, preempted }, tally),
  )

/** Runs the race to its end; throws at the first check that fails. */
async function race(s: Scheduler, freeing: Freeing, picks: Picks, tally: Tally): Promise<void> {
  const memory = makeMemory()
  const { cpus, page, table } = memory
  const { step, wake, start, allEnded } = makeTurns(s, tally)
  const on = (cpu: Cpu, label: string): Promise<void> => step(label, () => cpu.running && !cpu.handling)

  const munmap = async (cpu: Cpu): Promise<void> => {
    await on(cpu, 'clear PTE')
    table.pte = null
    await on(cpu, 'clear PMD')
    memory.pmd = null
    flushBegins(memory)
    await flushByHypercall(cpu)
    flushDone(memory)
    if (freeing === 'rcu') await removeTable(cpu)
    else await freeTable(cpu)
    await on(cpu, 'put page')
    put(page)
  }
  const flushByHypercall = async (cpu: Cpu): Promise<void> => {
    await on(cpu, 'hypercall')
    cpu.inHost = true
    exit(cpu)
    for (const target of cpus) {
      await on(cpu, 'flush vCPU')
      flush(target)
    }
    cpu.inHost = false
  }
  const freeTable = async (cpu: Cpu): Promise<void> => {
    await on(cpu, 'free table')
    checkTable(table)
    release(table)
  }
  const removeTable = async (cpu: Cpu): Promise<void> => {
    await on(cpu, 'allocate batch page')
    if (!picks.batchPage) {
      await syncByIpi(cpu)
      return freeTable(cpu)
    }
    await on(cpu, 'call_rcu')
    checkTable(table)
    const readers = new Set(cpus.filter((each) => !each.interrupts))
    start(freeAfterGracePeriod(readers))
  }
  const freeAfterGracePeriod = async (readers: Set<Cpu>): Promise<void> => {
    await step('grace period', () => {
      for (const cpu of readers) if (cpu.interrupts) readers.delete(cpu)
      return readers.size === 0
    })
    release(table)
  }
  const syncByIpi = async (cpu: Cpu): Promise<void> => {
    let acknowledged = false
    await on(cpu, 'fill slot')
    await on(cpu, 'send IPI')
    start(interrupt(cpus[1], () => (acknowledged = true)))
    await step('await acknowledgement', () => acknowledged && cpu.running && !cpu.handling)
  }
  const interrupt = async (cpu: Cpu, acknowledge: () => void): Promise<void> => {
    await step('interrupt', () => cpu.running && cpu.interrupts && !cpu.inHost && !cpu.inAccess)
    cpu.handling = true
    cpu.interrupts = false
    await step('read slot', () => cpu.running)
    await step('acknowledge', () => cpu.running)
    acknowledge()
    cpu.interrupts = true
    cpu.handling = false
  }

  const gupFast = async (cpu: Cpu): Promise<void> => {
    await on(cpu, 'cli')
    cpu.interrupts = false
    const pinned = await pin(cpu)
    await on(cpu, 'sti')
    cpu.interrupts = true
    if (pinned === null) return
    await on(cpu, 'release page')
    put(pinned)
  }
  const pin = async (cpu: Cpu): Promise<Frame | null> => {
    await on(cpu, 'read PMD')
    const { pmd } = memory
    if (pmd === null) return null
    const led = cached(pmd.table)
    await on(cpu, 'read PTE')
    inspect(led)
    const { pte } = led.frame
    if (pte === null) return null
    await on(cpu, 'get reference')
    if (pte.page.owner !== 'page' || pte.page.references === 0) return null
    pte.page.references++
    await on(cpu, 're-check PMD')
    if (memory.pmd === pmd) {
      await on(cpu, 're-check PTE')
      inspect(led)
      if (led.frame.pte === pte) return pte.page
    }
    await on(cpu, 'put reference')
    put(pte.page)
    return null
  }

  const read = async (cpu: Cpu): Promise<void> => {
    await on(cpu, 'read')
    while (!(await attempt(cpu))) cpu.inAccess = false
    cpu.inAccess = false
  }
  /** The read from its look-up on; false if a VM exit cuts it off: the step granted then is the first of the next. */
  const attempt = async (cpu: Cpu): Promise<boolean> => {
    const { exits } = cpu
    if (cpu.tlb !== null) return (use(memory, cpu.tlb), true)
    cpu.inAccess = true
    let led = cpu.structures
    if (led === null) {
      if (memory.pmd === null) return true
      led = cpu.structures = cached(memory.pmd.table)
      await on(cpu, 'walk')
      if (cpu.exits !== exits) return false
    }
    inspect(led)
    const { pte } = led.frame
    if (pte === null) return ((cpu.structures = null), true)
    cpu.tlb = { ...cached(pte.page), due: led.due, condemned: led.condemned }
    const latch = (cpu.latch = { ...cpu.tlb })
    await on(cpu, 'use')
    if (cpu.exits !== exits) return false
    use(memory, latch)
    cpu.latch = null
    return true
  }

  const preempt = async (cpu: Cpu): Promise<void> => {
    await step('preempt', () => !cpu.inHost && !cpu.finished)
    cpu.running = false
    exit(cpu)
    await step('schedule', () => true)
    cpu.running = true
    wake()
  }
  const thread = async (cpu: Cpu, operation: (cpu: Cpu) => Promise<void>): Promise<void> => {
    await operation(cpu)
    await read(cpu)
    cpu.finished = true
    wake()
  }
  const everything = async (): Promise<void> => {
    if (picks.preempted !== undefined) void preempt(cpus[picks.preempted])
    await Promise.all([thread(cpus[0], munmap), thread(cpus[1], gupFast)])
    await allEnded()
  }
  await s.waitFor(everything())
}
