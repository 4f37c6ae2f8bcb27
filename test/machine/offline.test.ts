/** CPUs that go offline and come back: SDM vol. 3, "MP Initialization", and what INIT leaves of a CPU. */
import { describe, expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { entry, P, RW, US } from '../../src/machine/entry.ts'
import { variable } from '../../src/machine/word.ts'

const hotplug = { hotplug: 1 }

describe('a CPU that waits for a SIPI', () => {
  /** CPU0 caches page 0, CPU1 maps it elsewhere without a flush, and CPU0 reads once more. */
  const again = (parks: boolean) =>
    experiment({
      machine: { ...hotplug, spare: 1 },
      words: { changed: variable() },
      cpus: [
        function* (cpu, { changed }) {
          yield* cpu.read(0)
          yield* cpu.store(changed, 0)
          if (parks) yield* cpu.apic.waitForSipi()
          yield* cpu.until(changed, 1)
          return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
        },
        function* (cpu, { changed }) {
          yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
          if (parks) yield* cpu.apic.start(0)
          yield* cpu.store(changed, 1)
        },
      ],
    })

  it('has nothing cached when it comes back', () => {
    expect(again(true).outcomes).toEqual([[1, 0]])
    expect(again(false).outcomes).toEqual([
      [0, 0],
      [1, 0],
    ])
  })

  it('executes nothing before one is sent, and is no deadlock if none is', () => {
    const { outcomes, deadlocks } = experiment({
      machine: hotplug,
      words: { started: variable() },
      cpus: [
        function* (cpu, { started }) {
          yield* cpu.apic.waitForSipi()
          return yield* cpu.load(started)
        },
        function* (cpu, { started }) {
          if ((yield* cpu.choose(2)) === 0) return
          yield* cpu.store(started, 1)
          yield* cpu.apic.start(0)
        },
      ],
      observe: (read, { started }) => [read(started)],
    })
    expect(outcomes).toEqual([
      [0, 0, 0],
      [1, 0, 1],
    ])
    expect(deadlocks).toEqual([])
  })

  it('starts with IF clear, in the first address space', () => {
    const { outcomes } = experiment({
      machine: { ...hotplug, spaces: 2 },
      words: { rung: variable(), started: variable() },
      interrupts: {
        *bell(cpu, { rung }) {
          yield* cpu.store(rung, 1)
        },
      },
      cpus: [
        function* (cpu, { started, rung }) {
          yield* cpu.loadCr3(1)
          yield* cpu.apic.waitForSipi()
          yield* cpu.store(started, 1)
          const { frame } = yield* cpu.read(0)
          return (frame === cpu.frame(0, 0) ? 0 : 2) + (yield* cpu.load(rung))
        },
        function* (cpu, { started }, kernel) {
          yield* cpu.apic.start(0)
          yield* cpu.until(started, 1)
          yield* kernel.sendIpi(0, 'bell')
        },
      ],
    })
    expect(outcomes).toEqual([[0, 0]])
  })

  it('takes no interrupt and no NMI, and those sent meanwhile are lost', () => {
    /** What CPU0 takes after its start of what was sent before: an interrupt, and how many NMIs. */
    const taken = (parks: boolean): { bells: number[]; nmis: number[] } => {
      const { outcomes } = experiment({
        machine: { ...hotplug, nmis: 1 },
        words: { back: variable(), bells: variable(), nmis: variable({ max: 3 }) },
        interrupts: {
          *bell(cpu, { back, bells }) {
            yield* cpu.store(bells, yield* cpu.load(back))
          },
        },
        *nmi(cpu, { back, nmis }, kernel) {
          if (kernel.id === 0) yield* cpu.fetchAdd(nmis, yield* cpu.load(back))
        },
        cpus: [
          function* (cpu, { back, nmis }) {
            yield* cpu.cli()
            if (parks) yield* cpu.apic.waitForSipi()
            yield* cpu.store(back, 1)
            yield* cpu.sti()
            yield* cpu.load(nmis)
          },
          function* (cpu, _words, kernel) {
            yield* kernel.sendIpi(0, 'bell')
            yield* kernel.sendNmi(0)
            if (parks) yield* cpu.apic.start(0)
          },
        ],
        observe: (read, { bells, nmis }) => [read(bells), read(nmis)],
      })
      const seen = (back: number): number[] =>
        [...new Set(outcomes.map((all) => all.at(-back)!))].toSorted((a, b) => a - b)
      return { bells: seen(2), nmis: seen(1) }
    }
    // One NMI may come from outside.
    expect(taken(true)).toEqual({ bells: [0], nmis: [0, 1] })
    expect(taken(false)).toEqual({ bells: [0, 1], nmis: [0, 1, 2] })
  })

  it('is part of the feature', () => {
    const without = (run: 'waitForSipi' | 'start') =>
      experiment({
        cpus: [
          function* (cpu) {
            yield* cpu.apic[run](0)
          },
        ],
      })
    expect(() => without('waitForSipi')).toThrow(
      'an offline CPU is not there: the machine\'s feature "hotplug" is off.',
    )
    expect(() => without('start')).toThrow(
      'INIT and SIPI is not there: the machine\'s feature "hotplug" is off.',
    )
  })
})
