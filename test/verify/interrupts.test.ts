/** Verification with NMIs, CPUs that go offline and broadcasts: safe policies stay safe, and each new mistake is met. */
import { describe, expect, it } from 'vitest'
import { runScenario, scenarioOfRace } from '../../src/arbitraries/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import {
  amdInvlpgb,
  amdInvlpgbRcu,
  hypervList,
  intelRarRcu,
  nativeIpi,
  nativeRcu,
} from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { verify, type Verification } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { some } from '../thorough.ts'

const few: Partial<Bounds> = { groups: [[0]] }
const check = (policy: AnyPolicy, bounds: Partial<Bounds> = {}): Verification =>
  verify({ policy, bounds: quiet({ ...few, ...bounds }), operations: 2 })

describe('NMIs whose handler reads user memory', () => {
  const profiled = (policy: AnyPolicy, asks = true): AnyPolicy => ({
    ...policy,
    *nmi(cpu) {
      if (!asks || (yield* cpu.nmiUaccessOkay())) yield* cpu.access(0, 'read')
    },
  })

  it.each(some([nativeIpi, nativeRcu, amdInvlpgbRcu], 1))('leave $name safe', (policy) => {
    const { verdict, race } = check(profiled(policy), { nmis: 1, preemptions: 0 })
    expect(race?.violation.explanation).toBeUndefined()
    expect(verdict).toBe('safe')
  })

  it('use old translations if it does not ask first: a CPU in lazy mode is left out of flushes', () => {
    const { race } = check(profiled(nativeIpi, false), { nmis: 1, preemptions: 0 })
    expect(race?.violation.invariant).toBe('stale-translation')
    expect(race?.workload.flat().map(({ op }) => op)).toContain('lazy_tlb')
  })

  it('leave hyperv-list as broken as it is', () => {
    expect(check(profiled(hypervList), { nmis: 1 }).race?.violation.invariant).toBe('software-walk')
  })
})

describe('an NMI handler that takes the lock of the flush that it interrupts', () => {
  const locking = definePolicy({
    name: 'locking',
    summary: 'Flushes by IPI under a lock that NMIs take, too',
    machine: { nmis: 1 },
    shared: { lock: variable({ max: 7 }) },
    *flush(cpu, request) {
      yield* cpu.lock(cpu.shared.lock.of())
      yield* nativeIpi.flush(cpu, request, 0)
      yield* cpu.unlock(cpu.shared.lock.of())
    },
    *nmi(cpu) {
      yield* cpu.lock(cpu.shared.lock.of())
      yield* cpu.unlock(cpu.shared.lock.of())
    },
  })
  const { race } = check(locking)

  it('waits for ever', () => {
    expect(race!.violation.invariant).toBe('flush-completes')
    expect(race!.violation.explanation).toContain('with interrupts off: lock lock')
  })

  it('does so in the scenario of that race as well', () => {
    const again = runScenario(locking, race!.bounds, scenarioOfRace(race!))
    expect(again.violation).toEqual(race!.violation)
  })
})

describe('a CPU that spins on a lock under which another one waits for its answer', () => {
  const spinning = (masked: boolean): AnyPolicy =>
    definePolicy({
      name: 'spinning',
      summary: 'Flushes by IPI under a lock that others spin on',
      shared: { lock: variable({ max: 7 }) },
      *flush(cpu, request) {
        yield* cpu.lock(cpu.shared.lock.of())
        yield* nativeIpi.flush(cpu, request, 0)
        yield* cpu.unlock(cpu.shared.lock.of())
      },
      operations: {
        spin: {
          summary: 'takes the lock for a moment',
          *run(cpu) {
            if (masked) yield* cpu.cli()
            yield* cpu.lock(cpu.shared.lock.of())
            yield* cpu.unlock(cpu.shared.lock.of())
            if (masked) yield* cpu.sti()
          },
        },
      },
    }) as AnyPolicy

  it('answers if its interrupts are on, and never does if they are off', () => {
    expect(check(spinning(false)).verdict).toBe('safe')
    expect(check(spinning(true)).race?.violation.explanation).toContain('with interrupts off: lock lock')
  })
})

describe('CPUs that go offline', () => {
  const leaving = (policy: AnyPolicy): AnyPolicy => ({
    ...policy,
    machine: { ...policy.machine, hotplug: 1 },
    operations: {
      cpu_down: {
        summary: 'takes this CPU offline',
        *run(cpu) {
          yield* cpu.goOffline()
        },
      },
      cpu_up: {
        summary: 'brings up the other CPU',
        *run(cpu) {
          yield* cpu.bringUp(1 - cpu.id)
        },
      },
    },
  })

  const sound = [
    { policy: nativeRcu, speculation: 0 },
    { policy: nativeIpi, speculation: 1 },
    { policy: amdInvlpgbRcu, speculation: 0 },
    { policy: intelRarRcu, speculation: 0 },
  ]
  it.each(some(sound, 1))('leave $policy.name safe', ({ policy, speculation }) => {
    const { verdict, race } = check(leaving(policy), { speculation, preemptions: 0 })
    expect(race?.violation.explanation).toBeUndefined()
    expect(verdict).toBe('safe')
  })

  it('are waited for in vain by a flush that does not look at the mask', () => {
    const blind: AnyPolicy = {
      ...leaving(nativeIpi),
      name: 'blind',
      shared: { asked: variable() },
      *flush(cpu, request) {
        yield* cpu.flushLocal(request)
        yield* cpu.store(cpu.shared.asked.of(), 1)
        yield* cpu.sendIpi(1 - cpu.id, 'flush')
        yield* cpu.until(cpu.shared.asked.of(), 0)
      },
      interrupts: {
        *flush(cpu) {
          yield* cpu.invlpg(1)
          yield* cpu.store(cpu.shared.asked.of(), 0)
        },
      },
    }
    expect(check(blind).race?.violation.invariant).toBe('flush-completes')
  })
})

describe('INVLPGB', () => {
  const without = (name: string, part: Partial<AnyPolicy>): AnyPolicy => ({ ...amdInvlpgbRcu, name, ...part })

  it('without TLBSYNC leaves old translations in use', () => {
    const policy = without('no-tlbsync', {
      *flush(cpu, { pages }) {
        yield* cpu.x86.invlpgb({ pages })
      },
    })
    expect(check(policy).verdict).toBe('race')
  })

  it('of final translations alone leaves a freed table in use, RCU or not', () => {
    const policy = without('final-only', {
      *flush(cpu, { pages }) {
        yield* cpu.x86.invlpgb({ pages, final: true })
        yield* cpu.x86.tlbsync()
      },
    })
    expect(check(policy).race?.violation.invariant).toBe('hardware-walk')
    expect(check(policy, { structureCaches: false }).verdict).toBe('safe')
  })

  it('is no cure where the vCPU may move before TLBSYNC', () => {
    const moving = { ...few, migration: true, pcpus: 3 }
    const { race } = check(amdInvlpgbRcu, moving)
    expect(race?.violation.invariant).toBe('stale-translation')
    expect(check(amdInvlpgbRcu, { ...moving, migration: false }).verdict).toBe('safe')
  })

  it('changes nothing for gup_fast when more of them can be on their way', () => {
    expect(check(amdInvlpgb, { invlpgb: 2 }).race?.violation.invariant).toBe('software-walk')
    expect(check(amdInvlpgbRcu, { invlpgb: 2 }).verdict).toBe('safe')
  })
})
