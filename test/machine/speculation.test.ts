import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CACHED_D, VALID } from '../../src/machine/cached.ts'
import { A, D, P } from '../../src/machine/entry.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { program, type Drive, type Program } from './drive.ts'
import { everyState } from './every-state.ts'

const idle: Program = function* (cpu) {
  for (let i = 0; i < 3; i++) yield* cpu.sti()
}
const speculating = (machine: Partial<MachineConfig> = {}, code = idle): Drive =>
  program(code, { machine: { pages: [2, 3], speculation: 1, ...machine } })

describe('a speculative walk', () => {
  it('fills the TLB although no instruction ever touches the page', () => {
    const d = speculating()
    d.go('speculate cpu0 page 3', 'walker cpu0')
    expect(d.tlb(0, 3) & VALID).toBe(VALID)
    expect(d.m.cached.frame(d.tlb(0, 3))).toBe(d.frame('P3'))
    expect(d.seen.some(({ op }) => op === 'access')).toBe(false)
    expect(d.world.witnessed).toContain('speculation')
  })

  it('takes one step a level, between which the CPU goes on', () => {
    const d = speculating({ levels: 4 })
    d.go('speculate cpu0 page 2', 'cpu0', 'walker cpu0', 'cpu0', 'walker cpu0')
    expect(d.tlb(0, 2)).toBe(0)
    d.go('walker cpu0')
    expect(d.tlb(0, 2) & VALID).toBe(VALID)
    expect(d.can('walker cpu0')).toBe(false)
  })

  it('sets A in what it caches, and never D', () => {
    const d = speculating()
    for (const level of [1, 2]) d.S[d.entryAt(level, 2)] &= ~(A | D)
    d.go('speculate cpu0 page 2', 'walker cpu0')
    for (const level of [1, 2]) expect(d.entry(level, 2) & (A | D)).toBe(A)
    expect(d.tlb(0, 2) & CACHED_D).toBe(0)
  })

  it('fills the paging-structure cache on its way', () => {
    const d = speculating()
    d.go('speculate cpu0 page 2')
    expect(d.structure(0, 1, 2) & VALID).toBe(VALID)
    expect(d.tlb(0, 2)).toBe(0)
  })

  it('ends quietly at an entry that is not present: no fault, nothing dropped', () => {
    const d = speculating({ pages: [2, 3] })
    d.S[d.entryAt(1, 2)] &= ~P
    d.go('speculate cpu0 page 2', 'walker cpu0')
    expect(d.tlb(0, 2)).toBe(0)
    expect(d.structure(0, 1, 2) & VALID).toBe(VALID)
    expect(d.world.witnessed).not.toContain('speculation')
    expect(d.can('walker cpu0')).toBe(false)
  })

  it('does not begin for a page that is cached already', () => {
    const d = speculating({ speculation: 2 })
    d.go('speculate cpu0 page 2', 'walker cpu0')
    expect(d.names()).toContain('speculate cpu0 page 3')
    expect(d.names()).not.toContain('speculate cpu0 page 2')
  })

  it.each([
    [
      'INVLPG of another page',
      function* (cpu) {
        yield* cpu.invlpg(0b10)
      } as Program,
    ],
    [
      'MOV to CR3',
      function* (cpu) {
        yield* cpu.loadCr3(0)
      } as Program,
    ],
  ])('is discarded by %s, because those are serializing', (_what, code) => {
    const d = speculating({}, code)
    d.go('speculate cpu0 page 2', 'cpu0')
    expect(d.can('walker cpu0')).toBe(false)
    expect(d.tlb(0, 2)).toBe(0)
  })

  it('is discarded by a VM exit', () => {
    const d = speculating({ preemptions: 1 })
    d.go('speculate cpu0 page 2', 'preempt cpu0', 'schedule cpu0 on pcpu0')
    expect(d.can('walker cpu0')).toBe(false)
  })

  it('can run beside an access of the same CPU without disturbing it', () => {
    const d = speculating({ speculation: 1 }, function* (cpu) {
      yield* cpu.access(2, 'write')
    })
    // The second walk finds the table in the cache that the first one has just filled.
    d.go('cpu0', 'speculate cpu0 page 3', 'cpu0', 'cpu0')
    expect(d.world.final()).toBe(true)
    expect([2, 3].map((page) => d.m.cached.frame(d.tlb(0, page)))).toEqual([d.frame('P2'), d.frame('P3')])
  })
})

describe('the budget of speculative walks', () => {
  it('is never exceeded, whatever is chosen', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.infiniteStream(fc.nat()), (speculation, picks) => {
        const d = speculating({ speculation, vcpus: 2, pages: [0, 2, 3] })
        let begun = 0
        d.wander(
          (count) => picks.next().value! % count,
          (each) => {
            begun = each.S[each.m.speculations]
            expect(begun).toBeLessThanOrEqual(speculation)
            if (begun === speculation)
              expect(each.names().filter((name) => name.startsWith('speculate'))).toEqual([])
          },
        )
      }),
      { numRuns: 60 },
    )
  })

  it('of nothing means that nothing speculates', () => {
    const d = speculating({ speculation: 0 })
    expect(d.names()).toEqual(['cpu0'])
  })

  it('can be used up', () => {
    const d = speculating({ speculation: 2 })
    d.go('speculate cpu0 page 2', 'walker cpu0', 'speculate cpu0 page 3')
    expect(d.names()).toEqual(['cpu0'])
  })
})

describe('eviction', () => {
  const reading: Program = function* (cpu) {
    yield* cpu.access(2, 'read')
    yield* cpu.access(2, 'read')
  }
  const evicting = (eviction: boolean): Drive => program(reading, { machine: { pages: [2], eviction } })
  const evictions = (d: Drive): string[] => d.names().filter((name) => name.startsWith('evict'))

  it('is a transition for each cached entry, if it is switched on', () => {
    const d = evicting(true)
    expect(evictions(d)).toEqual([])
    d.until(0, 'access')
    expect(evictions(d)).toEqual(['evict cpu0 tlb page 2', 'evict cpu0 structure 0'])
  })

  it('never happens if it is not', () => {
    let states = 0
    everyState(evicting(false), (d) => {
      states++
      expect(evictions(d)).toEqual([])
    })
    expect(states).toBeGreaterThan(3)
  })

  it('makes the next access walk, as far as what is left of the caches makes it', () => {
    const walksAfter = (...evicted: string[]): number => {
      const d = evicting(true)
        .until(0, 'access')
        .go(...evicted)
      const from = d.seen.length
      d.finish(0)
      return d.seen.slice(from).filter(({ op }) => op === 'walk').length
    }
    expect(walksAfter()).toBe(0)
    expect(walksAfter('evict cpu0 structure 0')).toBe(0)
    expect(walksAfter('evict cpu0 tlb page 2')).toBe(1)
    expect(walksAfter('evict cpu0 tlb page 2', 'evict cpu0 structure 0')).toBe(2)
  })

  it('does not take the translation away from an access that has just got it', () => {
    const d = evicting(true).go('cpu0', 'cpu0', 'evict cpu0 tlb page 2', 'evict cpu0 structure 0', 'cpu0')
    expect(d.seen.filter(({ op }) => op === 'access').map(({ result }) => result)).toEqual([0])
  })

  it('reaches the other CPU only by its own transitions', () => {
    const d = program(reading, { machine: { pages: [2], eviction: true, vcpus: 2 } })
    d.until(0, 'access')
    expect(evictions(d).every((name) => name.startsWith('evict cpu0'))).toBe(true)
  })
})
