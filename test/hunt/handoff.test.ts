/** A hunt enumerates its space where there is time for it, samples it where there is not, and says which, and how much. */
import { describe, expect, it } from 'vitest'
import type { ShootdownError } from '../../src/errors.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hunt, type HuntOptions, type Hunted } from '../../src/hunt/hunt.ts'
import type { How } from '../../src/hunt/state.ts'
import { tellClean, tellCoverage } from '../../src/hunt/tell.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { flushNobody, hypervList, nativeIpi } from '../../src/policies/index.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { replay } from '../shrink/races.ts'

const small = quiet({ groups: [[0]], preemptions: 0 })

function hunted(policy: AnyPolicy, options: HuntOptions): Hunted & { told: How[]; met: string[] } {
  const told: How[] = []
  const met: string[] = []
  const result = hunt(policy, {
    ...options,
    onSpace: (_, how) => void told.push(how),
    onMet: ({ raw }) => void met.push(raw.violation.invariant),
  })
  return { ...result, told, met }
}

describe('with time for all of it', () => {
  const all = { bounds: small, operations: 2, seconds: 60 }

  it('a hunt enumerates the space, makes no random run, and says that this is all', () => {
    const clean = hunted(nativeIpi, all)
    const { workloads, states } = verify({ policy: nativeIpi, bounds: small, operations: 2 })
    expect(clean).toMatchObject({ verdict: 'clean', runs: 0, told: ['enumerated'], confidence: undefined })
    expect(clean.covered).toEqual({ how: 'enumerated', workloads, states, workloadShare: 1, stateShare: 1 })
    expect(clean.space!.workloads.about).toBe(workloads)
    expect(tellClean(clean)).toMatch(
      /^native-ipi: no race in any of the \d+ workloads of up to 2 operations, under any schedule \([\d,]+ states\)\.$/,
    )
    expect(tellCoverage(clean.covered)).toMatch(
      /^enumerated: \d+ workloads \(100 %\), [\d,]+ states \(100 %\)$/,
    )
  })

  it('a hunt goes on behind the first race: one for each invariant, each real and proven', () => {
    const broken = hunted(flushNobody, all)
    const random = hunt(flushNobody, { bounds: small, operations: 2, runs: 20_000 })
    const names = (of: Hunted): string[] => of.found.map(({ race }) => race.violation.invariant).toSorted()
    expect(names(broken)).toEqual(names(random))
    expect(broken.met.toSorted()).toEqual(names(broken))
    for (const { raw, race, certificate, foundBy } of broken.found) {
      expect(foundBy).toBe('enumeration')
      expect(replay(raw)).toEqual(raw.violation)
      expect(replay(race)).toEqual(race.violation)
      expect(certificate?.scope).toBe('all-workloads')
    }
  })
})

describe('without time for all of it', () => {
  it('a hunt samples, and says how much that was', () => {
    const { covered, told, space, runs } = hunted(nativeIpi, {
      bounds: small,
      operations: 6,
      seconds: 1,
      runs: 2000,
    })
    expect(told).toEqual(['sampled'])
    expect(runs).toBeGreaterThan(0)
    expect(covered.how).toBe('sampled')
    expect(covered.workloads).toBeGreaterThan(0)
    expect(covered.workloadShare).toBeCloseTo(covered.workloads / space!.workloads.about, 12)
    expect(covered.workloadShare).toBeLessThan(0.01)
  })

  it('the workloads that it drew are counted, those that stand for each other once', () => {
    // Two operations on one page and one vCPU are few.
    const bounds = quiet({ vcpus: 1, groups: [[0]], preemptions: 0 })
    const { covered, space } = hunted(nativeIpi, { bounds, operations: 2, runs: 40_000 })
    const { workloads } = verify({ policy: nativeIpi, bounds, operations: 2 })
    expect(space!.workloads.about).toBe(workloads)
    expect(covered.workloads).toBeLessThanOrEqual(workloads)
    expect(covered.workloads).toBeGreaterThan(workloads / 2)
  })

  it('the states that it went through are no more than there are, in workloads that are drawn once', () => {
    const { covered } = hunted(nativeIpi, { bounds: small, operations: 1, runs: 40, strategy: 'random' })
    const { states } = verify({ policy: nativeIpi, bounds: small, operations: 1 })
    expect(covered.states).toBeGreaterThan(2)
    expect(covered.states).toBeLessThanOrEqual(states)
  })
})

describe('without a limit', () => {
  it('a hunt is what it was: random search, then small workloads, and it says what it covered', () => {
    const clean = hunted(nativeIpi, { bounds: small, runs: 400 })
    expect(clean).toMatchObject({ runs: 400, told: ['sampled'], verdict: 'clean' })
    expect(clean.enumerated).toMatchObject({ verdict: 'safe', operations: 2 })
    expect(clean.confidence?.workloads).toBe(10)
    expect(clean.covered.how).toBe('sampled')
  })

  it('it says nothing of confidence where there is a race', () => {
    expect(hunt(hypervList, { bounds: small, runs: 4000 }).confidence).toBeUndefined()
  })
})

it('nobody estimates where nobody asked', () => {
  const { space, covered } = hunt(nativeIpi, { bounds: small, runs: 40, estimates: false, enumerates: false })
  expect(space).toBeUndefined()
  expect(covered.workloadShare).toBeUndefined()
})

it('a policy whose code fails in the estimate is hunted all the same, as long as the hunt does not come across it', () => {
  const choosy = definePolicy({
    name: 'choosy',
    summary: 'asks for what is no step when it is to flush the third of three pages',
    *flush(cpu, request) {
      if (request.pages & 4) yield 3 as never
      yield* (nativeIpi as AnyPolicy).flush(cpu, request, 0)
    },
  })
  const bounds = quiet({ groups: [[0], [2, 3]] })
  const outcomes = Array.from({ length: 20 }, (_, seed) => {
    try {
      const { space } = hunt(choosy, { bounds, runs: 40, seed, enumerates: false })
      return space === undefined ? 'hunted without an estimate' : 'hunted'
    } catch (thrown) {
      return (thrown as ShootdownError).code
    }
  })
  expect(outcomes).toContain('hunted without an estimate')
  expect(outcomes).toContain('notAStep')
})
