/** The interrupt shadow of STI, and HLT: SDM vol. 2, STI and HLT. */
import { describe, expect, it } from 'vitest'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import type { FlushRequest } from '../../src/guest/request.ts'
import { variable } from '../../src/machine/word.ts'
import { programs } from './drive.ts'

const words = { flag: variable() }
type Some = Program<typeof words>

/** CPU0 sends an interrupt whose handler sets `flag`; CPU1 runs a program. */
const rung = (program: Some, interruptShadow: boolean): Experiment =>
  experiment({
    machine: { interruptShadow },
    words,
    interrupts: {
      *bell(cpu, { flag }) {
        yield* cpu.store(flag, 1)
      },
    },
    cpus: [
      function* (_cpu, _words, kernel) {
        yield* kernel.sendIpi(1, 'bell')
      },
      program,
    ],
  })

const seenBy = ({ outcomes }: Experiment): number[] => outcomes.map(([, seen]) => seen)

describe('STI', () => {
  /** Whether the handler had run at three places: with IF clear, right behind STI, and one further on. */
  const looking: Some = function* (cpu, { flag }) {
    yield* cpu.cli()
    const masked = yield* cpu.load(flag)
    yield* cpu.sti()
    const first = yield* cpu.load(flag)
    return masked * 4 + first * 2 + (yield* cpu.load(flag))
  }

  it('keeps interrupts off for one more instruction, and no longer', () => {
    expect(seenBy(rung(looking, true))).toEqual([0b000, 0b001, 0b111])
  })

  it('does not without the feature', () => {
    expect(seenBy(rung(looking, false))).toEqual([0b000, 0b001, 0b011, 0b111])
  })

  it('makes no shadow while IF is set already', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.callFunction([1], { code: 1 } as FlushRequest, { wait: false })
        },
        function* (cpu) {
          yield* cpu.sti()
          yield* cpu.cli()
          yield* cpu.sti()
          yield* cpu.cli()
        },
      ],
      { machine: { interruptShadow: true } },
    )
    d.finish(0)
    d.go('cpu1')
    expect(d.can('interrupt cpu1 call-function')).toBe(true)
    d.times(2, 'cpu1')
    expect(d.can('interrupt cpu1 call-function')).toBe(false)
  })

  it('lets interrupts in while the next instruction is a spin loop that goes round', () => {
    const { deadlocks } = rung(function* (cpu, { flag }) {
      yield* cpu.cli()
      yield* cpu.sti()
      yield* cpu.until(flag, 1)
    }, true)
    expect(deadlocks).toEqual([])
  })
})

describe('HLT', () => {
  /** Sleeps unless the handler has run already; `between` comes between STI and HLT. */
  const sleeper = (between: Some): Some =>
    function* (cpu, { flag }, kernel) {
      yield* cpu.cli()
      const ready = yield* cpu.load(flag)
      yield* cpu.sti()
      if (ready === 1) return 1
      yield* between(cpu, { flag }, kernel)
      yield* cpu.hlt()
      return 2 + (yield* cpu.load(flag))
    }

  it('right behind STI misses no interrupt, and goes on behind its handler', () => {
    const { outcomes, deadlocks } = rung(
      sleeper(function* () {}),
      true,
    )
    expect(outcomes.map(([, seen]) => seen)).toEqual([1, 3])
    expect(deadlocks).toEqual([])
  })

  it('one instruction further on may sleep for ever', () => {
    const { deadlocks, reachable } = rung(
      sleeper(function* (cpu, { flag }) {
        yield* cpu.load(flag)
      }),
      true,
    )
    expect(reachable((_, seen) => seen === 3)).toBe(true)
    expect(deadlocks).toEqual(['deadlock; CPU1: wake up from hlt'])
  })

  it('with interrupts off is woken by no interrupt', () => {
    const { outcomes, deadlocks } = rung(function* (cpu) {
      yield* cpu.cli()
      yield* cpu.hlt()
    }, true)
    expect(outcomes).toEqual([])
    expect(deadlocks).toEqual(['deadlock; CPU1 with interrupts off: wake up from hlt'])
  })

  it('is part of the feature', () => {
    expect(() =>
      rung(function* (cpu) {
        yield* cpu.hlt()
      }, false),
    ).toThrow('HLT is not there: the machine\'s feature "interruptShadow" is off.')
  })
})
