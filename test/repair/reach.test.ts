/** Where words can be put, on which side, within which space; and what is said of a race whose cure none of them can be. */
import { describe, expect, it } from 'vitest'
import { repair, tellRepair, vocabulary } from '../../src/index.ts'
import { raceNamed } from '../explain/races.ts'
import { quickRepair, raceOf, wordNamed, wordsOf } from './cases.ts'

const ofHost = vocabulary.filter(({ side }) => side === 'host')

describe('host code', () => {
  it('is repaired where the host is at fault: a vCPU that loses its request is flushed at its entry', () => {
    const found = quickRepair(raceNamed('pv-preempted-flag-overwritten'), {
      vocabulary: ofHost,
      insertions: 1,
    })
    expect(wordsOf(found)).toEqual([['flush-at-entry']])
    expect(found.cures[0].insertions[0].place).toMatchObject({
      part: 'onVcpuExit',
      side: 'host',
      at: 'begin',
    })
  })

  it('has no cure for the race of 2017: a host IPI interrupts a guest that has interrupts off', () => {
    const found = quickRepair(raceOf('hyperv-list'), { vocabulary: ofHost, insertions: 1 })
    expect(found.cures).toEqual([])
    const places = found.rejected.map(({ insertions }) => insertions[0].place)
    expect(new Set(places.map(({ part }) => part))).toEqual(new Set(['hypercall HvFlushVirtualAddressList']))
    expect(new Set(found.rejected.map(({ verdict }) => verdict))).toEqual(new Set(['races']))
  })

  it('gets no words of the guest, and the guest none of the host', () => {
    const { cures, rejected } = quickRepair(raceNamed('pv-preempted-flag-overwritten'), { insertions: 1 })
    for (const { insertions } of [...cures, ...rejected])
      for (const { word, place } of insertions) expect(word.side ?? 'guest').toBe(place.side)
    const sides = new Set(rejected.map(({ insertions }) => insertions[0].place.side))
    expect(sides).toEqual(new Set(['guest', 'host']))
  })
})

it('the handler of NMIs is a part like those of interrupts', () => {
  const { rejected } = quickRepair(raceNamed('nmi-uaccess-mid-switch'), {
    vocabulary: [wordNamed('barrier')],
    insertions: 1,
  })
  expect(rejected.map(({ insertions }) => insertions[0].place.part)).toContain('nmi')
})

describe('a space that is smaller than the race', () => {
  const race = raceNamed('kernel-huge-vmap-free-table')
  const words = { vocabulary: [wordNamed('flush-all-local')], insertions: 1 }

  it('is not what a cure is proven for, unless that is asked for: with an operation less, a local flush seems to do', () => {
    const { operations, cures } = repair(race, words)
    expect({ operations, cures }).toEqual({ operations: 3, cures: [] })
    expect(wordsOf(quickRepair(race, { ...words, operations: 2 }))).toEqual([['flush-all-local']])
  })

  it('does not count what a policy has once, for that comes in addition', () => {
    const race = raceOf('static-key-early')
    expect(race.workload.flat()).toHaveLength(3)
    expect(repair(race, { vocabulary: [] }).operations).toBe(2)
  })
})

describe('a race that no word cures', () => {
  it('is told with the steps that no word can be put at', () => {
    const found = quickRepair(raceNamed('cpu-bit-cleared-too-early-frame'), {
      vocabulary: [wordNamed('barrier')],
      insertions: 1,
    })
    expect(found.outOfReach).toEqual([{ cpu: 1, operations: ['munmap(2)'], steps: [5, 6, 8] }])
    expect(tellRepair(found).slice(1)).toEqual([
      "  Out of reach is the kernel's own code, which is no part of the policy: munmap(2) on CPU1 (steps 5, 6 and 8).",
      '  No word puts code under a lock or makes it an RCU reader, and none moves or removes a step.',
    ])
  })

  it('is told without them where all of it is of the policy', () => {
    const found = quickRepair(raceNamed('vpid02-reuse'), {
      vocabulary: [wordNamed('barrier')],
      insertions: 1,
    })
    expect(found.outOfReach).toEqual([])
    expect(tellRepair(found)).toHaveLength(2)
  })

  it('is not told so where one cures', () => {
    const found = quickRepair(raceOf('hyperv-list'), {
      vocabulary: [wordNamed('free-by-rcu')],
      insertions: 1,
    })
    expect(found.outOfReach.map(({ operations }) => operations)).toEqual([['munmap(0)'], ['gup_fast(0)']])
    expect(tellRepair(found).join()).not.toContain('reach')
  })
})
