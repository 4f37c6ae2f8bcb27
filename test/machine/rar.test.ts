/** Remote Action Requests: white paper 341431, and the patches that add arch/x86/mm/rar.c to Linux. */
import { describe, expect, it } from 'vitest'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { RAR_FAILURE, RAR_PENDING, RAR_SUCCESS } from '../../src/machine/events.ts'
import { variable } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'

const words = { cached: variable(), go: variable() }
type Some = Program<typeof words>

/** CPU1 caches page 0 with interrupts off; CPU0 maps it elsewhere and asks; CPU1 reads again: 1 = new frame. */
const remap = (ask: (cpu: X86) => Code<number | void>, rar = 1): Experiment => {
  const issuer: Some = function* (cpu, { cached, go }) {
    yield* cpu.until(cached, 1)
    yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
    const said = yield* ask(cpu)
    yield* cpu.store(go, 1)
    return said
  }
  const user: Some = function* (cpu, { cached, go }) {
    yield* cpu.cli()
    yield* cpu.read(0)
    yield* cpu.store(cached, 1)
    yield* cpu.until(go, 1)
    return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
  }
  return experiment({ machine: { rar, spare: 1 }, words, cpus: [issuer, user] })
}

/** Asks CPU1 for what a payload says and waits; returns what became of it. */
function* request(cpu: X86, payload: number): Code<number> {
  const { rar } = cpu
  yield* cpu.store(rar.payload(0), payload)
  yield* cpu.store(rar.action(1, 0), RAR_PENDING)
  yield* rar.send(1)
  yield* cpu.until(rar.action(1, 0), 0, RAR_PENDING)
  return yield* cpu.load(rar.action(1, 0))
}

describe('a RAR signal', () => {
  it('makes a CPU serve its pending action, with interrupts off as well', () => {
    const { outcomes, deadlocks } = remap((cpu) => request(cpu, cpu.rar.request({ pages: 1 })))
    expect(outcomes).toEqual([[RAR_SUCCESS, 1]])
    expect(deadlocks).toEqual([])
  })

  it('does no more than the payload says', () => {
    expect(remap((cpu) => request(cpu, cpu.rar.request({ pages: 0 }))).outcomes).toEqual([[RAR_SUCCESS, 0]])
    expect(remap((cpu) => request(cpu, cpu.rar.request({}))).outcomes).toEqual([[RAR_SUCCESS, 1]])
  })

  it('is not waited for by the store that says PENDING', () => {
    const { outcomes } = remap(function* (cpu) {
      yield* cpu.store(cpu.rar.payload(0), cpu.rar.request({ pages: 1 }))
      yield* cpu.store(cpu.rar.action(1, 0), RAR_PENDING)
      yield* cpu.rar.send(1)
    })
    expect(outcomes.map(([, seen]) => seen)).toEqual([0, 1])
  })

  it('finds FAILURE for a payload that is no request, and invalidates nothing', () => {
    expect(remap((cpu) => request(cpu, 0)).outcomes).toEqual([[RAR_FAILURE, 0]])
  })

  it('does nothing for an action that is not pending, nor later for one that becomes so', () => {
    const { outcomes, deadlocks } = remap(function* (cpu) {
      yield* cpu.store(cpu.rar.payload(0), cpu.rar.request({ pages: 1 }))
      yield* cpu.rar.send(1)
      yield* cpu.store(cpu.rar.action(1, 0), RAR_PENDING)
      yield* cpu.until(cpu.rar.action(1, 0), RAR_SUCCESS)
    })
    // Served if the signal was slow; never if it came before PENDING was there.
    expect(outcomes).toEqual([[0, 1]])
    expect(deadlocks.length).toBe(1)
  })

  it('without one, nothing is served', () => {
    const { outcomes, deadlocks } = remap(function* (cpu) {
      yield* cpu.store(cpu.rar.payload(0), cpu.rar.request({ pages: 1 }))
      yield* cpu.store(cpu.rar.action(1, 0), RAR_PENDING)
      yield* cpu.until(cpu.rar.action(1, 0), RAR_SUCCESS)
    })
    expect(outcomes).toEqual([])
    expect(deadlocks.length).toBe(1)
  })

  it('serves all payloads that are pending, since signals collapse', () => {
    const { outcomes, deadlocks } = remap(function* (cpu) {
      const { rar } = cpu
      for (const slot of [0, 1]) {
        yield* cpu.store(
          rar.payload(slot),
          rar.request(slot === 0 ? { pages: 1, final: true } : { pages: 1 }),
        )
        yield* cpu.store(rar.action(1, slot), RAR_PENDING)
        yield* rar.send(1)
      }
      for (const slot of [0, 1]) yield* cpu.until(rar.action(1, slot), RAR_SUCCESS)
    }, 2)
    expect(outcomes).toEqual([[0, 1]])
    expect(deadlocks).toEqual([])
  })

  it('is part of the feature, and names CPUs and payloads that are there', () => {
    expect(() => remap((cpu) => request(cpu, 0), 0)).toThrow(
      'RAR is not there: the machine\'s feature "rar" is off.',
    )
    const wrong = (use: (cpu: X86) => unknown) => () =>
      remap(function* (cpu) {
        yield* cpu.load(cpu.rar.payload(0))
        use(cpu)
      })
    expect(wrong((cpu) => cpu.rar.payload(1))).toThrow('payload(slot) is 1; expected 0 to 0.')
    expect(wrong((cpu) => cpu.rar.action(2, 0))).toThrow('action(cpu, slot) is 2; expected 0 to 1.')
  })

  it('is served by a vCPU that has nothing else to do, once it is on a pCPU', () => {
    const { outcomes, deadlocks } = experiment({
      machine: { rar: 1, vcpus: 2, pcpus: 1 },
      cpus: [(cpu) => request(cpu, cpu.rar.request({}))],
    })
    expect(outcomes).toEqual([[RAR_SUCCESS]])
    expect(deadlocks).toEqual([])
  })
})

describe('a payload', () => {
  it('that is changed before the last answer is lost on those that have not read it', () => {
    const reuse = (waits: boolean) =>
      remap(function* (cpu) {
        const { rar } = cpu
        yield* cpu.store(rar.payload(0), rar.request({ pages: 1 }))
        yield* cpu.store(rar.action(1, 0), RAR_PENDING)
        yield* rar.send(1)
        if (waits) yield* cpu.until(rar.action(1, 0), RAR_SUCCESS)
        yield* cpu.store(rar.payload(0), rar.request({ pages: 0 }))
        yield* cpu.until(rar.action(1, 0), RAR_SUCCESS)
      })
    expect(reuse(true).outcomes).toEqual([[0, 1]])
    expect(reuse(false).outcomes).toEqual([
      [0, 0],
      [0, 1],
    ])
  })

  it('is served between two instructions: a table may be freed once it was', () => {
    const unhook = (ask: boolean) =>
      experiment({
        machine: { rar: 1, structureCaches: false },
        cpus: [
          function* (cpu, _words, kernel) {
            yield* cpu.setEntry(2, 0, 0)
            if (ask) yield* request(cpu, cpu.rar.request({ pages: 1 }))
            yield* kernel.freeTableNow(cpu.table(1, 0))
          },
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
      })
    expect([...unhook(true).violations.keys()]).toEqual([])
    expect([...unhook(false).violations.keys()]).toEqual(['hardware-walk'])
  })
})

it('microcode is interrupted by nothing, and interrupts NMI handlers', () => {
  const { outcomes, deadlocks } = experiment({
    machine: { rar: 1, nmis: 1 },
    words: { inside: variable() },
    *nmi(cpu, { inside }) {
      if (cpu.id === 0) return
      yield* cpu.store(inside, 1)
      yield* cpu.until(cpu.rar.action(1, 0), RAR_SUCCESS)
    },
    cpus: [
      function* (cpu, { inside }) {
        yield* cpu.store(cpu.rar.action(1, 0), RAR_PENDING)
        yield* cpu.apic.sendNmi(1)
        yield* cpu.until(inside, 1)
        yield* cpu.store(cpu.rar.payload(0), cpu.rar.request({}))
        yield* cpu.rar.send(1)
      },
      function* () {},
    ],
  })
  expect(outcomes).toEqual([[0, 0]])
  expect(deadlocks).toEqual([])
})
