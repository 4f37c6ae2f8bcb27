/**
 * The seed race as a protocol: what happens to a page-table page when the flush that precedes its freeing is an IPI, a
 * hypercall, or a hypercall followed by a wait for quiescence, each action one step.
 * CPU 0 unmaps; each other CPU walks as fast_gup does, for a number of rounds. The host takes CPUs away.
 */
import type { Code } from '../../src/index.ts'
import { Protocol } from '../../src/protocol/index.ts'

/** How the flusher makes sure: it waits for IPIs; not at all; for every CPU to have been seen with IF=1. */
export type SeedPolicy = 'ipi' | 'hypercall' | 'quiescence'

export interface SeedSize {
  readonly cpus: number
  readonly rounds: number
  readonly preemptions: number
}

export function seedRace(policy: SeedPolicy, { cpus, rounds, preemptions }: SeedSize): Protocol {
  const p = new Protocol(`seed race, ${policy}`, { preemptions })
  const pmd = p.word('pmd', 1)
  const freed = p.word('freed')
  const reused = p.word('reused')
  const flushed = p.word('flushed')
  const flag = p.word('IF', 1, cpus)
  const tlb = p.word('tlb', 0, cpus)
  const pending = p.word('pending', 0, cpus)

  const unhook = p.step('unhook', (S) => void (S[pmd] = 0))
  const sendIpi = p.step('send IPI', (S, cpu) => void (S[pending + cpu] = 1))
  const flush = p.step('hypercall', (S, cpu) => {
    S[tlb + cpu] = 0
    if (cpu === cpus - 1) S[flushed] = 1
  })
  const waitForAcks = p.step('wait for acks', (S) => void (S[flushed] = 1), {
    when: (S) => {
      for (let cpu = 1; cpu < cpus; cpu++) if (S[pending + cpu] === 1) return false
      return true
    },
  })
  const quiescence = p.step('see IF=1', () => {}, { when: (S, cpu) => S[flag + cpu] === 1 })
  const free = p.step('free', (S) => void (S[freed] = 1))
  const reuse = p.step('reuse', (S) => void (S[reused] = 1))

  const fill = p.step('fill', (S, cpu) => void (S[pmd] === 1 && (S[tlb + cpu] = 1)))
  const cli = p.step('cli', (S, cpu) => void (S[flag + cpu] = 0))
  const readPmd = p.step('read PMD', (S) => S[pmd], { results: 2 })
  const inTable = (S: Int32Array): void => {
    if (S[freed] === 1) p.violate('no-use-after-free', 'An entry was read from a freed page.')
  }
  const readPte = p.step('read PTE', inTable)
  const check = p.step('check', inTable)
  const sti = p.step('sti', (S, cpu) => void (S[flag + cpu] = 1))
  const use = p.step('use', (S, cpu) => {
    if (S[tlb + cpu] === 0) S[tlb + cpu] = S[pmd]
    else if (S[flushed] === 1) p.violate('no-stale-use', 'A translation was used after its flush.')
  })
  const takeIpi = p.step('take IPI', (S, cpu) => void (S[pending + cpu] = S[tlb + cpu] = 0), {
    when: (S, cpu) => S[pending + cpu] === 1 && S[flag + cpu] === 1,
  })

  p.thread('munmap', function* () {
    yield* unhook()
    for (let cpu = 1; cpu < cpus; cpu++) yield* policy === 'ipi' ? sendIpi(cpu) : flush(cpu)
    if (policy === 'ipi') yield* waitForAcks()
    if (policy === 'quiescence') for (let cpu = 1; cpu < cpus; cpu++) yield* quiescence(cpu)
    yield* free()
    yield* reuse()
  })
  for (let cpu = 1; cpu < cpus; cpu++) {
    p.thread(`gup_fast ${cpu}`, () => walks(cpu), cpu)
  }
  for (let cpu = 1; cpu < cpus && policy === 'ipi'; cpu++) {
    p.daemon(`interrupt ${cpu}`, () => takeIpi(cpu), cpu)
  }
  p.cpusAlike(
    Array.from({ length: cpus - 1 }, (_, i) => i + 1),
    flag,
    tlb,
    pending,
  )
  return p

  function* walks(cpu: number): Code {
    for (let round = 0; round < rounds; round++) {
      yield* fill(cpu)
      yield* cli(cpu)
      if ((yield* readPmd()) === 1) {
        yield* readPte()
        yield* check()
      }
      yield* sti(cpu)
      yield* use(cpu)
    }
  }
}
