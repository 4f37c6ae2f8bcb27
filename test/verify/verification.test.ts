/** A verification says what it looked at, no more and no less. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { hypervList, nativeIpi, staticKey } from '../../src/policies/index.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { tellVerification, verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'

const bounds = quiet({ groups: [[0]], preemptions: 0 })

describe('a verification', () => {
  it('adds up what exploring each workload by itself gives', () => {
    const verification = verify({ policy: nativeIpi, bounds, operations: 2 })
    const all = boundedWorkloads(nativeIpi, 2, 2, bounds.groups)
    const worlds = new Worlds(nativeIpi, bounds)
    const each = all.map((workload) => explore(worlds.at(workload)))
    expect(verification).toMatchObject({
      verdict: 'safe',
      workloads: all.length,
      states: each.reduce((sum, { states }) => sum + states, 0),
      transitions: each.reduce((sum, { transitions }) => sum + transitions, 0),
      depth: Math.max(...each.map(({ depth }) => depth)),
    })
  })

  it('of a policy with operations of its own includes workloads with them', () => {
    const seen = boundedWorkloads(staticKey, 2, 1, bounds.groups)
    const { workloads, verdict } = verify({ policy: staticKey, bounds, operations: 1 })
    expect({ workloads, verdict }).toEqual({ workloads: seen.length, verdict: 'safe' })
    expect(seen.some((workload) => workload.flat().some(({ op }) => op === 'turn_key'))).toBe(true)
  })

  it('ends with the smallest race of the first workload that has one', () => {
    const { verdict, race, workloads } = verify({ policy: hypervList, bounds, operations: 2 })
    expect(verdict).toBe('race')
    expect(race!.workload).toEqual([[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]])
    const all = boundedWorkloads(hypervList, 2, 2, bounds.groups)
    expect(all[workloads - 1]).toEqual(race!.workload)
    for (const before of all.slice(0, workloads - 1))
      expect(explore(new Worlds(hypervList, bounds).at(before)).violation).toBeUndefined()
  })

  it('that is stopped is incomplete, and its sentence does not say verified within bounds', () => {
    const stopped = verify({ policy: nativeIpi, bounds, operations: 2, stop: () => true })
    expect(stopped).toMatchObject({ verdict: 'incomplete', workloads: 0 })
    let asked = 0
    const later = verify({ policy: nativeIpi, bounds, operations: 2, stop: () => ++asked > 20 })
    expect(later.verdict).toBe('incomplete')
    expect(later.workloads).toBeGreaterThan(0)
    expect(tellVerification(nativeIpi, later)).toMatch(
      /^native-ipi: not verified, given up within up to 2 operations/,
    )
  })

  it('that outgrows its states says so', () => {
    expect(() => verify({ policy: nativeIpi, bounds, operations: 2, maxStates: 50 })).toThrow(
      'More than 50 states',
    )
  })

  it('tells its bounds in its sentence, whatever came out', () => {
    const three = quiet({
      vcpus: 3,
      pcpus: 2,
      preemptions: 2,
      groups: [[0]],
      eviction: true,
      levels: 4,
      gupRecheck: 'pte',
    })
    const sentence = tellVerification(
      hypervList,
      verify({ policy: hypervList, bounds: three, operations: 1 }),
    )
    for (const part of [
      '3 vCPUs',
      '2 pCPUs',
      '2 preemptions',
      '4-level tables',
      'TLB eviction',
      'PTE re-check alone',
    ])
      expect(sentence).toContain(part)
    expect(tellVerification(hypervList, verify({ policy: hypervList, bounds, operations: 2 }))).toMatch(
      /^hyperv-list: broken \(software-walk\), found within up to 2 operations, 2 vCPUs, 0 preemptions: \d+ workloads, [\d,]+ states, [\d,]+ transitions, depth \d+$/,
    )
  })

  it('ends when it is stopped though there are more workloads than anybody can list', () => {
    const told: (number | undefined)[] = []
    const stopped = verify({
      policy: nativeIpi,
      bounds: quiet({ vcpus: 4, pcpus: 4, groups: [[0], [2, 3]] }),
      operations: 6,
      stop: () => told.length > 0,
      onProgress: ({ of }) => told.push(of),
    })
    expect(stopped.verdict).toBe('incomplete')
    expect(stopped.workloads).toBeGreaterThan(0)
    expect(new Set(told)).toEqual(new Set([undefined]))
  })

  it('tells how far it is after every workload', () => {
    const told: number[] = []
    const { workloads } = verify({
      policy: nativeIpi,
      bounds,
      operations: 1,
      onProgress: ({ workloads, of }) => told.push(workloads / of!),
    })
    expect(told).toHaveLength(workloads)
    expect(told.at(-1)).toBe(1)
  })
})
