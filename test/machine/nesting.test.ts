/** Handlers that are interrupted, and IRET: SDM vol. 3, "Interrupt and Exception Handling", "Serializing Instructions". */
import { describe, expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import { variable } from '../../src/machine/word.ts'

const words = { inBell: variable(), inGong: variable(), seen: variable({ max: 15 }) }
type Some = Program<typeof words>

const rings = (...vectors: readonly string[]): Some =>
  function* (_cpu, _words, kernel) {
    for (const vector of vectors) yield* kernel.sendIpi(1, vector)
  }

/** Notes which handlers are unfinished below it, then is unfinished itself for a while with IF set. */
const bell: Some = function* (cpu, { inBell, seen }) {
  if ((yield* cpu.xchg(inBell, 1)) === 1) yield* cpu.fetchOr(seen, 8)
  yield* cpu.sti()
  yield* cpu.load(seen)
  yield* cpu.store(inBell, 0)
}
const gong: Some = function* (cpu, { inBell, seen }) {
  yield* cpu.fetchOr(seen, (yield* cpu.load(inBell)) === 1 ? 2 : 1)
}

const run = (nesting: boolean, sender: Some, bellHandler = bell, gongHandler = gong) =>
  experiment({
    machine: { nesting },
    words,
    interrupts: { bell: bellHandler, gong: gongHandler },
    cpus: [
      sender,
      function* (cpu, { seen }) {
        yield* cpu.until(seen, 0, 0)
      },
    ],
    observe: (read, { seen }) => [read(seen)],
  })

describe('a handler that executes STI', () => {
  it('is interrupted by another vector, or is not', () => {
    const { outcomes } = run(true, rings('bell', 'gong'))
    expect(outcomes.map((outcome) => outcome.at(-1))).toEqual([1, 2])
  })

  it('is not interrupted without the feature', () => {
    const { outcomes } = run(false, rings('bell', 'gong'))
    expect(outcomes.map((outcome) => outcome.at(-1))).toEqual([1])
  })

  it('is never interrupted by its own vector, which stays pending', () => {
    const { outcomes } = run(true, rings('bell', 'bell'))
    expect(outcomes.map((outcome) => outcome.at(-1))).toEqual([0])
  })

  it('is not interrupted before STI', () => {
    const { outcomes } = run(true, rings('bell', 'gong'), function* (cpu, { inBell, seen }) {
      yield* cpu.store(inBell, 1)
      yield* cpu.load(seen)
      yield* cpu.store(inBell, 0)
      yield* cpu.sti()
    })
    expect(outcomes.map((outcome) => outcome.at(-1))).toEqual([1])
  })
})

describe('IRET', () => {
  it('gives IF back to the handler that was interrupted, and to the code below', () => {
    // Each handler clears IF before its end; what comes behind needs interrupts all the same.
    const { outcomes, deadlocks } = experiment({
      machine: { nesting: true },
      words: { first: variable(), second: variable(), third: variable() },
      interrupts: {
        *bell(cpu, { first, second }) {
          yield* cpu.sti()
          yield* cpu.store(first, 1)
          yield* cpu.until(second, 1)
          yield* cpu.cli()
        },
        *gong(cpu, { second }) {
          yield* cpu.store(second, 1)
          yield* cpu.cli()
        },
        *chime(cpu, { third }) {
          yield* cpu.store(third, 1)
        },
      },
      cpus: [
        function* (cpu, { first, second }, kernel) {
          yield* kernel.sendIpi(1, 'bell')
          yield* cpu.until(first, 1)
          yield* kernel.sendIpi(1, 'gong')
          yield* cpu.until(second, 1)
          yield* kernel.sendIpi(1, 'chime')
        },
        function* (cpu, { third }) {
          yield* cpu.until(third, 1)
        },
      ],
    })
    expect(outcomes).toEqual([[0, 0]])
    expect(deadlocks).toEqual([])
  })

  /** CPU1 unhooks the page table and frees it once CPU0 has said so: after an interrupt, or without one. */
  const unhook = (interrupted: boolean, nesting = true) =>
    experiment({
      machine: { speculation: 1, structureCaches: false, nesting },
      words: { rung: variable(), done: variable() },
      interrupts: {
        *bell(cpu, { rung }) {
          yield* cpu.store(rung, 1)
        },
      },
      cpus: [
        function* (cpu, { rung, done }) {
          yield* cpu.until(rung, 1)
          yield* cpu.store(done, 1)
        },
        function* (cpu, { rung, done }, kernel) {
          yield* cpu.setEntry(2, 0, 0)
          yield* cpu.invlpg(0)
          if (interrupted) yield* kernel.sendIpi(0, 'bell')
          else yield* cpu.store(rung, 1)
          yield* cpu.until(done, 1)
          yield* kernel.freeTableNow(cpu.table(1, 0))
          yield* cpu.load(done)
        },
      ],
    })

  it('discards the speculative walk of its CPU, because it serializes', () => {
    expect([...unhook(true).violations.keys()]).toEqual([])
    expect([...unhook(false).violations.keys()]).toEqual(['hardware-walk'])
    // Without the feature more can happen than on hardware.
    expect([...unhook(true, false).violations.keys()]).toEqual(['hardware-walk'])
  })
})
