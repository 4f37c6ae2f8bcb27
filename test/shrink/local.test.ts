/** Where a proof is too large a race is still made small, stays a race, and is never called more than local. */
import { describe, expect, it } from 'vitest'
import { makeCase } from '../../src/corpus/case.ts'
import { policies } from '../../src/policies/index.ts'
import { operationCount } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { shrink } from '../../src/shrink/shrink.ts'
import { straighten } from '../../src/shrink/straighten.ts'
import { tellRace } from '../../src/report/race.ts'
import { quiet } from '../explore/quiet.ts'
import { rawRaces, replay } from './races.ts'

const bounds = quiet({ preemptions: 1 })
const broken = policies
  .filter(({ expected }) => expected === 'broken')
  .map((policy) => [policy.name, policy] as const)

describe('without room for a proof', () => {
  const chosen = broken.filter(([name]) => ['hyperv-list', 'flush-nobody', 'free-before-ack'].includes(name))

  it.each(chosen)('a race of %s is small but local, and still a race', (_, policy) => {
    for (const raw of rawRaces(policy, { bounds, count: 2, seeds: 20 })) {
      for (const options of [{ maxStates: 10 }, { stop: () => true }]) {
        const { race, certificate } = shrink(raw, options)
        expect(certificate).toBeUndefined()
        expect(race.violation.invariant).toBe(raw.violation.invariant)
        expect(replay(race)).toEqual(race.violation)
        expect(operationCount(race.workload)).toBeLessThanOrEqual(operationCount(raw.workload))
        expect(race.schedule.length).toBeLessThanOrEqual(raw.schedule.length)
        const kept = makeCase(race, certificate)
        expect(kept.minimality).toBe('local')
        expect(kept.certificate).toBeUndefined()
        expect(tellRace(race, certificate)).toContain('only locally minimal')
      }
    }
  })
})

describe('straightening', () => {
  it.each(broken)('never makes a schedule of %s longer, and keeps its invariant', (_, policy) => {
    const raw = rawRaces(policy, { bounds, count: 6, seeds: 24, operations: 4 })
    const worlds = new Worlds(policy, bounds)
    for (const race of raw) {
      const straight = straighten(worlds, race)
      expect(straight.schedule.length).toBeLessThanOrEqual(race.schedule.length)
      expect(straight.violation.invariant).toBe(race.violation.invariant)
      expect(straight.workload).toEqual(race.workload)
      expect(replay(straight)).toEqual(straight.violation)
    }
  })

  it('leaves nothing in a schedule that could be left out', () => {
    const policy = policies.find(({ name }) => name === 'hyperv-list')!
    const worlds = new Worlds(policy, bounds)
    for (const race of rawRaces(policy, { bounds, count: 4, invariant: 'software-walk' })) {
      const straight = straighten(worlds, race)
      for (const i of straight.schedule.keys()) {
        const without = Int32Array.from([...straight.schedule].toSpliced(i, 1))
        expect(replay({ ...straight, schedule: without })?.invariant).not.toBe('software-walk')
      }
    }
  })
})
