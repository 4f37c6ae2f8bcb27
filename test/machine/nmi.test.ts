/** NMIs: SDM vol. 3, "Nonmaskable Interrupt (NMI)" and "Handling Multiple NMIs". */
import { describe, expect, it } from 'vitest'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import { perCpu, variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { programs } from './drive.ts'

const words = { flag: variable(), taken: variable({ max: 7 }), inside: variable(), bad: variable() }
type Some = Program<typeof words>

/** A handler of two steps that counts, and notes when it was interrupted by itself. */
const nmi: Some = function* (cpu, { taken, inside, bad }) {
  if ((yield* cpu.xchg(inside, 1)) === 1) yield* cpu.store(bad, 1)
  yield* cpu.fetchAdd(taken, 1)
  yield* cpu.store(inside, 0)
}
const observe = (read: (word: { at: number; max: number; name: string }) => number, all: Words): number[] => [
  read(all.taken),
  read(all.bad),
]
type Words = Parameters<Some>[1]
const last = ({ outcomes }: Experiment, back: number): number[] =>
  [...new Set(outcomes.map((outcome) => outcome.at(-back)!))].toSorted((a, b) => a - b)

const masked: Some = function* (cpu, { taken }) {
  yield* cpu.cli()
  const before = yield* cpu.load(taken)
  return before * 2 + (yield* cpu.load(taken))
}

describe('an NMI from outside', () => {
  it('may come between any two instructions, with IF clear as well, or never', () => {
    const { outcomes } = experiment({ machine: { nmis: 1 }, words, nmi, cpus: [masked] })
    expect(outcomes.map(([seen]) => seen)).toEqual([0b00, 0b01, 0b11])
  })

  it('comes as often as the bound says, and never in the handler of another', () => {
    for (const nmis of [1, 2]) {
      const run = experiment({ machine: { nmis }, words, nmi, cpus: [masked], observe })
      expect(last(run, 2)).toEqual(nmis === 1 ? [0, 1] : [0, 1, 2])
      expect(last(run, 1)).toEqual([0])
    }
  })

  it('interrupts an interrupt handler, whose IF it leaves clear', () => {
    const run = experiment({
      machine: { nmis: 1, nesting: true },
      words,
      nmi,
      interrupts: {
        *bell(cpu, { taken, flag }) {
          const before = yield* cpu.load(taken)
          const after = yield* cpu.load(taken)
          yield* cpu.store(flag, after - before)
        },
        *gong(cpu, { flag, bad, inside }) {
          if ((yield* cpu.load(inside)) === 1 || (yield* cpu.load(flag)) === 1) return
          yield* cpu.store(bad, 0)
        },
      },
      cpus: [
        function* (_cpu, _words, kernel) {
          yield* kernel.sendIpi(1, 'bell')
        },
        function* () {},
      ],
      observe: (read, { flag }) => [read(flag)],
    })
    expect(last(run, 1)).toEqual([0, 1])
  })

  it('gives IF back as it was', () => {
    const rung: Some = function* (cpu, { flag }) {
      yield* cpu.store(flag, 1)
    }
    const { outcomes, deadlocks } = experiment({
      machine: { nmis: 1 },
      words,
      nmi,
      interrupts: { bell: rung },
      cpus: [
        function* (_cpu, _words, kernel) {
          yield* kernel.sendIpi(1, 'bell')
        },
        function* (cpu, { flag, taken }) {
          yield* cpu.cli()
          const before = yield* cpu.load(flag)
          yield* cpu.load(taken)
          const after = yield* cpu.load(flag)
          yield* cpu.sti()
          yield* cpu.until(flag, 1)
          return before * 2 + after
        },
      ],
    })
    expect(outcomes.map(([, seen]) => seen)).toEqual([0b00, 0b11])
    expect(deadlocks).toEqual([])
  })

  it('does not come where nobody handles it', () => {
    const { states } = experiment({ machine: { nmis: 1 }, words, cpus: [masked] })
    expect(states).toBe(experiment({ words, cpus: [masked] }).states)
  })

  it('waits for the end of an access', () => {
    const policy = definePolicy({
      name: 'notices',
      summary: 'Handles NMIs',
      shared: { noticed: perCpu() },
      *flush() {},
      *nmi(cpu) {
        yield* cpu.store(cpu.shared.noticed.of(cpu.id), 1)
      },
    })
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.access(0, 'write')
          yield* cpu.access(0, 'read')
        },
      ],
      { policy, machine: { vcpus: 1, nmis: 1 } },
    )
    expect(d.can('nmi cpu0')).toBe(true)
    d.go('cpu0')
    expect(d.can('nmi cpu0')).toBe(false)
    d.until(0, 'access')
    expect(d.can('nmi cpu0')).toBe(true)
    d.go('nmi cpu0')
    expect(d.can('nmi cpu0')).toBe(false)
    d.finish(0)
    expect(d.seen.map(({ role, op }) => `${role} ${op}`)).toContain('nmi store')
    expect(d.words('noticed')).toEqual([1])
  })
})

describe('an IPI with NMI delivery mode', () => {
  const sendTwo: Some = function* (cpu, _words, kernel) {
    yield* cpu.apic.sendNmi(1)
    yield* kernel.sendNmi(1)
  }
  // The one NMI that may come from outside is left to the first CPU, which does not count.
  const counts: Some = function* (cpu, all, kernel) {
    if (cpu.id === 1) yield* nmi(cpu, all, kernel)
  }

  it('is taken although IF is clear, and one that comes in the handler is taken behind it', () => {
    const run = experiment({
      machine: { nmis: 1 },
      words,
      nmi: counts,
      cpus: [
        sendTwo,
        function* (cpu) {
          yield* cpu.cli()
        },
      ],
      observe,
    })
    // Two sends and one from outside: pending ones collapse, but one at least is taken.
    expect(last(run, 2)).toEqual([1, 2, 3])
    expect(last(run, 1)).toEqual([0])
  })

  it('stays pending where it is an ordinary one', () => {
    const { outcomes } = experiment({
      words,
      interrupts: { bell: nmi },
      cpus: [
        function* (_cpu, _words, kernel) {
          yield* kernel.sendIpi(1, 'bell')
        },
        function* (cpu) {
          yield* cpu.cli()
        },
      ],
      observe,
    })
    expect(outcomes.map((outcome) => outcome.at(-2))).toEqual([0, 1])
  })

  it('is part of the feature', () => {
    expect(() => experiment({ words, cpus: [sendTwo, function* () {}] })).toThrow(
      'NMI delivery is not there: the machine\'s feature "nmis" is off.',
    )
    expect(() =>
      experiment({
        machine: { nmis: 1 },
        cpus: [
          function* (cpu) {
            yield* cpu.apic.sendNmi(1)
          },
        ],
      }),
    ).toThrow('target of sendNmi is 1; expected a CPU from 0 to 0.')
  })
})

describe('a handler that reads user memory', () => {
  const SWITCHING = 2
  /** A context switch, and a handler that looks at the space which it believes to be loaded (Linux, nmi_uaccess_okay). */
  const leaks = (announce: boolean): boolean =>
    experiment({
      machine: { nmis: 1, spaces: 2 },
      words: { loaded: variable({ max: 2 }), leaked: variable() },
      *nmi(cpu, { loaded, leaked }) {
        const believed = yield* cpu.load(loaded)
        if (believed === SWITCHING) return
        const { frame } = yield* cpu.read(0)
        if (frame !== cpu.frame(0, believed)) yield* cpu.store(leaked, 1)
      },
      cpus: [
        function* (cpu, { loaded }) {
          yield* cpu.read(0)
          yield* cpu.cli()
          yield* cpu.store(loaded, announce ? SWITCHING : 1)
          yield* cpu.loadCr3(1)
          if (announce) yield* cpu.store(loaded, 1)
          yield* cpu.sti()
        },
      ],
      observe: (read, { leaked }) => [read(leaked)],
    }).reachable((_, leaked) => leaked === 1)

  it('reads that of the space before, between the note of a switch and CR3', () => {
    expect(leaks(false)).toBe(true)
  })

  it('does not if the switch brackets CR3 with a note of its own', () => {
    expect(leaks(true)).toBe(false)
  })

  it('goes through the TLB of its CPU, stale entries and all', () => {
    const { outcomes } = experiment({
      machine: { nmis: 1, spare: 1 },
      words: { seen: variable({ max: 2 }) },
      *nmi(cpu, { seen }) {
        const { frame } = yield* cpu.read(0)
        yield* cpu.store(seen, frame === cpu.frame(0) ? 1 : 2)
      },
      cpus: [
        function* (cpu, { seen }) {
          yield* cpu.read(0)
          yield* cpu.setEntry(1, 0, 0)
          yield* cpu.store(seen, 0)
          yield* cpu.invlpg(0)
          yield* cpu.load(seen)
        },
      ],
      observe: (read, { seen }) => [read(seen)],
    })
    expect(outcomes.map((outcome) => outcome.at(-1))).toEqual([0, 1, 2])
  })
})
