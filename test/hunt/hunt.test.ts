/** A hunt: what it reports, how it ends, and that nothing escapes it that two operations can show. */
import { describe, expect, it, vi } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { flushNobody, hypervList, nativeIpi } from '../../src/policies/index.ts'
import { hunt, type Hunted } from '../../src/hunt/hunt.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import { quiet } from '../explore/quiet.ts'
import { replay } from '../shrink/races.ts'

const bounds = quiet({ groups: [[0]], preemptions: 0 })

describe('a hunt', () => {
  const hunted = hunt(flushNobody, { runs: 1500, seed: 3, bounds })

  it('finds one race for each invariant that it saw violated, each small, certified and real', () => {
    const names = hunted.found.map(({ race }) => race.violation.invariant)
    expect(names.length).toBeGreaterThan(2)
    expect(new Set(names).size).toBe(names.length)
    for (const { race, raw, certificate, run } of hunted.found) {
      expect(raw.violation.invariant).toBe(race.violation.invariant)
      expect(replay(raw)).toEqual(raw.violation)
      expect(replay(race)).toEqual(race.violation)
      expect(certificate?.scope).toBe('all-workloads')
      expect(run).toBeGreaterThan(0)
      expect(run).toBeLessThanOrEqual(hunted.runs)
    }
  })

  it('says what it did: runs, steps, seed, strategy, bounds, witnesses', () => {
    expect(hunted).toMatchObject({ verdict: 'race', runs: 1500, seed: 3, strategy: 'portfolio', bounds })
    expect(hunted.steps).toBeGreaterThan(hunted.runs)
    expect(hunted.seconds).toBeGreaterThan(0)
    expect(hunted.witnesses).toContain('stale-at-flush')
    expect(hunted.enumerated).toBeUndefined()
  })

  it('is the same again from the same seed, seconds apart', () => {
    const again = hunt(flushNobody, { runs: 1500, seed: 3, bounds })
    const timeless = ({ space, ...rest }: Hunted): unknown => ({
      ...rest,
      space: { ...space, seconds: 0 },
      seconds: 0,
    })
    expect(timeless(again)).toEqual(timeless(hunted))
  })

  it('comes back with a race although luck had none: small workloads are enumerated', () => {
    const { verdict, found, enumerated, runs } = hunt(hypervList, { runs: 1, seed: 1, bounds })
    expect(runs).toBe(1)
    expect(verdict).toBe('race')
    expect(enumerated?.verdict).toBe('race')
    expect(found).toMatchObject([{ foundBy: 'enumeration', run: 0 }])
    expect(found[0].race.workload).toEqual([[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]])
  })

  it('comes back clean from a safe policy, with what it enumerated', () => {
    const clean = hunt(nativeIpi, { runs: 500, bounds })
    expect(clean).toMatchObject({ verdict: 'clean', found: [], runs: 500 })
    expect(clean.enumerated).toMatchObject({ verdict: 'safe', operations: 2, bounds })
  })

  it.each([1, 2, 3])('enumerates no more operations than it was allowed: %d', (operations) => {
    const clean = hunt(nativeIpi, { runs: 40, bounds, operations })
    expect(clean.enumerated).toMatchObject({ verdict: 'safe', operations: Math.min(operations, 2) })
  })

  it('leaves a race half of its seconds for the proof', () => {
    // A clock that goes on by a millisecond whenever somebody looks at it: how fast the machine is does not matter.
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now++)
    const limited = hunt(flushNobody, { runs: 1_000_000_000, seed: 3, bounds, seconds: 4 })
    vi.restoreAllMocks()
    expect(limited.found.length).toBeGreaterThan(0)
    for (const { certificate, unproven } of limited.found)
      expect({ scope: certificate?.scope, unproven }).toEqual({ scope: 'all-workloads', unproven: undefined })
    expect(limited.seconds).toBeGreaterThan(2)
    expect(limited.seconds).toBeLessThan(4)
  })

  it('searches on until its seconds are over where there is no race', () => {
    const limited = hunt(nativeIpi, { runs: 1_000_000_000, bounds, seconds: 0.4 })
    expect(limited).toMatchObject({ verdict: 'clean', enumerated: undefined })
    expect(limited.seconds).toBeGreaterThan(0.4)
    expect(limited.seconds).toBeLessThan(2)
  })

  it('says why a race has no proof: time ran out, or it was stopped', () => {
    const two = { runs: 1_000_000_000, bounds: quiet({ vcpus: 3, speculation: 2 }), seed: 3 }
    const late = hunt(hypervList, { ...two, seed: 14, seconds: 2 })
    expect(late.found.map(({ unproven }) => unproven)).toContain('time')
    let met = false
    const onMet = (): void => void (met = true)
    const stopped = hunt(flushNobody, { ...two, bounds, onMet, stop: () => met })
    expect(new Set(stopped.found.map(({ unproven }) => unproven))).toEqual(new Set(['stopped']))
  })

  it('ends when it is stopped, keeps what it has, and claims nothing of what it did not enumerate', () => {
    expect(hunt(nativeIpi, { runs: 100_000, bounds, stop: () => true })).toMatchObject({
      verdict: 'clean',
      runs: 0,
      found: [],
      enumerated: undefined,
    })
    let asked = 0
    const stopped = hunt(flushNobody, { runs: 1_000_000, bounds, seed: 3, stop: () => ++asked > 60 })
    expect(stopped.runs % 40).toBe(0)
    expect(stopped.runs).toBeLessThanOrEqual(60 * 40)
    expect(stopped.found.length).toBeGreaterThan(0)
    for (const { race, certificate } of stopped.found) {
      expect(certificate).toBeUndefined()
      expect(replay(race)).toEqual(race.violation)
    }
  })

  it('tells how far it is, up to its number of runs', () => {
    const told: number[] = []
    hunt(nativeIpi, {
      runs: 200,
      bounds,
      onProgress: ({ done, of }) => (expect(of).toBe(200), told.push(done)),
    })
    expect(told[0]).toBe(0)
    expect(told.toSorted((a, b) => a - b)).toEqual(told)
    expect(told.at(-1)).toBeLessThanOrEqual(200)
  })

  it('refuses a strategy that there is not', () => {
    expect(() => hunt(nativeIpi, { runs: 1, strategy: 'luck' })).toThrow('Option --strategy is "luck"')
  })
})

describe('the random part of a hunt', () => {
  it('runs exactly as often as it is told to', () => {
    for (const runs of [1, 39, 40, 41, 100])
      expect(
        searchRaces({ policy: nativeIpi, bounds, operations: 2, runs, seed: 1, strategy: 'random' }).runs,
      ).toBe(runs)
  })

  it('lets the operations of the policy take part', () => {
    const trap = definePolicy({
      name: 'trap',
      summary: 'flushes by IPI, and has an operation that nobody may call',
      shared: { called: variable() },
      flush: (cpu, request) => (nativeIpi as AnyPolicy).flush(cpu, request, 0),
      operations: {
        never: {
          summary: 'what nobody may call',
          *run(cpu) {
            yield* cpu.store(cpu.shared.called.of(), 1)
          },
        },
      },
      invariants: [
        {
          name: 'never-called',
          sentence: 'nobody calls it',
          holds: (shared, read) => read(shared.called.of()) === 0,
        },
      ],
    })
    const options = { policy: trap, bounds, operations: 3, runs: 200, seed: 2, strategy: 'random' }
    expect(searchRaces(options).races.map(({ violation }) => violation.invariant)).toEqual(['never-called'])
  })

  it('keeps to its number of operations and to its vCPUs', () => {
    const options = { bounds: quiet({ vcpus: 3, groups: [[0]] }), runs: 2000, seed: 5, strategy: 'pct' }
    for (const operations of [1, 2, 4]) {
      for (const { workload } of searchRaces({ policy: flushNobody, operations, ...options }).races) {
        expect(workload).toHaveLength(3)
        expect(workload.flat().length).toBeLessThanOrEqual(operations)
      }
    }
  })
})
