/** Races that need a store buffer: not there without one, found, shrunk, kept and replayed with one. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runScenario, scenarioOfRace, scenarios } from '../../src/arbitraries/index.ts'
import { makeCase, parseCase } from '../../src/corpus/case.ts'
import { replayCase } from '../../src/corpus/replay.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { perCpu } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { tellRace } from '../../src/report/race.ts'
import { makeBounds, type Bounds } from '../../src/scenario/bounds.ts'
import { shrink } from '../../src/shrink/shrink.ts'
import { verify } from '../../src/verify/verify.ts'

/** Asks each target by a word and an IPI of its own; the fence is what an x2APIC needs in between. */
const asking = (fence: boolean): AnyPolicy =>
  definePolicy({
    name: 'asking',
    summary: 'Asks by a word and an IPI',
    symmetric: true,
    shared: { asked: perCpu() },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      for (const target of request.targets) {
        yield* cpu.store(cpu.shared.asked.of(target), 1)
        if (fence) yield* cpu.mfence()
        yield* cpu.sendIpi(target, 'flush')
        yield* cpu.until(cpu.shared.asked.of(target), 0)
      }
    },
    interrupts: {
      *flush(cpu) {
        const asked = cpu.shared.asked.of(cpu.id)
        if ((yield* cpu.load(asked)) === 0) return
        yield* cpu.invlpg(2 ** cpu.config.pages.length - 1)
        yield* cpu.store(asked, 0)
      },
    },
  })

const bounds = (given: Partial<Bounds>): Bounds => makeBounds({ speculation: 0, preemptions: 0, ...given })
const check = (fence: boolean, given: Partial<Bounds>) =>
  verify({ policy: asking(fence), bounds: bounds(given), operations: 1 })

describe('an IPI that overtakes its request', () => {
  const x2apic = { storeBuffer: 2, x2apic: true }

  it.each([
    [true, x2apic, 'safe'],
    [false, { storeBuffer: 2 }, 'safe'],
    [false, { x2apic: true }, 'safe'],
    [false, x2apic, 'race'],
  ] as const)('fence %s, %j: %s', (fence, given, verdict) => {
    expect(check(fence, given).verdict).toBe(verdict)
  })

  it('is kept as a case that says so, and is replayed', () => {
    const { race, certificate } = shrink(check(false, x2apic).race!)
    const kept = makeCase(race, certificate)
    expect(kept.bounds).toMatchObject(x2apic)
    expect(kept.minimality).toBe('minimal')
    expect(parseCase('asking.json', JSON.stringify(kept))).toEqual(kept)
    expect(replayCase(kept, asking(false)).outcome).toBe('reproduced')
    const drained = kept.schedule.filter((entry) => entry.do.startsWith('drain cpu0'))
    expect(drained.map(({ step, by }) => `${step} (${by})`)).toEqual(['visible: asked[1] = 1 (hardware)'])
    const told = tellRace(race, certificate)
    expect(told).toContain('store buffers of depth 2, x2APIC')
    expect(told).toContain('stores of CPU0')
  })

  it('is an example that fast-check can shrink: the drains in it are events of the hardware', () => {
    const { race } = shrink(check(false, x2apic).race!)
    const scenario = scenarioOfRace(race)
    expect(scenario.hardware.map(({ does }) => does)).toContain('drain')
    const { race: again } = runScenario(asking(false), race.bounds, scenario)
    expect([...again!.schedule]).toEqual([...race.schedule])
    const drawn = fc.sample(scenarios(asking(false), race.bounds), { numRuns: 100, seed: 1 })
    expect(drawn.some(({ hardware }) => hardware.some(({ does }) => does === 'drain'))).toBe(true)
    for (const each of drawn) expect(() => runScenario(asking(false), race.bounds, each)).not.toThrow()
  })

  it('is fixed by the fence', () => {
    const { race, certificate } = shrink(check(false, x2apic).race!)
    expect(replayCase(makeCase(race, certificate), asking(true)).outcome).not.toBe('reproduced')
  })
})
