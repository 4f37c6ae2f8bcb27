/**
 * The seed race as one would write it by hand with fast-check's scheduler: shared variables, an async function for each
 * CPU, interrupt and preemption, one await of the scheduler for each atomic step. Which CPUs are preempted is picked
 * beforehand; when, is the scheduler's doing. A run is over when every CPU is through.
 */
import fc, { type Scheduler } from 'fast-check'
import { makeTurns, type Tally } from '../naive-turns.ts'
import type { SeedPolicy, SeedSize } from '../protocols/seed-race.ts'

interface Cpu {
  readonly id: number
  interrupts: boolean
  cached: boolean
  pending: boolean
  gone: boolean
  /** What it waits for a turn to do: all that its future depends on beside the variables. */
  next: string
}

/** Told of each state that a run goes through, as a string that no other state has. */
export type Watch = (state: string) => void

/** The property; adds the steps taken to `tally`. */
export const schedulerRace = (
  policy: SeedPolicy,
  size: SeedSize,
  tally: Tally,
  watch?: Watch,
): fc.IAsyncPropertyWithHooks<[Scheduler, number[]]> => {
  const { cpus, preemptions } = size
  const preempted = fc.array(fc.nat({ max: cpus - 1 }), { minLength: preemptions, maxLength: preemptions })
  return fc.asyncProperty(fc.scheduler(), preempted, (s, picks) => race(s, policy, size, picks, tally, watch))
}

/** Runs the race to its end; throws at the first thing that must not happen. */
async function race(
  s: Scheduler,
  policy: SeedPolicy,
  { cpus: count, rounds }: SeedSize,
  picks: readonly number[],
  tally: Tally,
  watch: Watch | undefined,
): Promise<void> {
  const cpus = Array.from({ length: count }, (_, id): Cpu => {
    return { id, interrupts: true, cached: false, pending: false, gone: false, next: '' }
  })
  const [cpu0, ...walkers] = cpus
  let mapped = true
  let flushed = false
  let freed = false
  let reused = false
  let preemptions = 0
  const { step, wake } = makeTurns(s, tally)

  const see = (): void => watch?.(JSON.stringify([cpus, mapped, flushed, freed, reused, preemptions]))
  const watched = async (label: string, ready: () => boolean): Promise<void> => {
    await step(label, ready)
    see()
  }
  const turn = watch === undefined ? step : watched
  const on = (cpu: Cpu, what: string, ready = true_): Promise<void> => {
    cpu.next = what
    return turn(what, () => !cpu.gone && ready())
  }

  const munmap = async (): Promise<void> => {
    await on(cpu0, 'unhook')
    mapped = false
    for (const cpu of walkers) {
      await on(cpu0, `flush ${cpu.id}`)
      if (policy === 'ipi') cpu.pending = true
      else cpu.cached = false
    }
    if (policy === 'ipi') await on(cpu0, 'wait for acks', () => walkers.every(({ pending }) => !pending))
    flushed = true
    if (policy === 'quiescence')
      for (const cpu of walkers) await on(cpu0, `see IF=1 of ${cpu.id}`, () => cpu.interrupts)
    await on(cpu0, 'free')
    freed = true
    await on(cpu0, 'reuse')
    reused = true
    cpu0.next = ''
  }
  const gupFast = async (cpu: Cpu): Promise<void> => {
    for (let round = 1; round <= rounds; round++) {
      await on(cpu, `fill ${round}`)
      if (mapped) cpu.cached = true
      await on(cpu, `cli ${round}`)
      cpu.interrupts = false
      await on(cpu, `read PMD ${round}`)
      if (mapped) {
        await on(cpu, `read PTE ${round}`)
        if (freed) throw new Error('read PTE in a freed table')
        await on(cpu, `check ${round}`)
        if (freed) throw new Error('check in a freed table')
      }
      await on(cpu, `sti ${round}`)
      cpu.interrupts = true
      await on(cpu, `use ${round}`)
      if (!cpu.cached) cpu.cached = mapped
      else if (flushed) throw new Error('stale use')
    }
    cpu.next = ''
  }
  const interrupt = async (cpu: Cpu): Promise<void> => {
    await turn(`IPI ${cpu.id}`, () => cpu.pending && cpu.interrupts && !cpu.gone)
    cpu.pending = false
    cpu.cached = false
    wake()
  }
  const preempt = async (cpu: Cpu): Promise<void> => {
    await turn(`preempt ${cpu.id}`, () => !cpu.gone)
    cpu.gone = true
    preemptions++
    await turn(`schedule ${cpu.id}`, true_)
    cpu.gone = false
    wake()
  }
  const all = [munmap(), ...walkers.map(gupFast), ...picks.map((pick) => preempt(cpus[pick]))]
  if (policy === 'ipi') all.push(...walkers.map(interrupt))
  await s.waitFor(Promise.all(all))
  see()
}

const true_ = (): boolean => true
