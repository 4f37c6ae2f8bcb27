import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CACHED_D, CACHED_W, VALID } from '../../src/machine/cached.ts'
import { A, D, P, RW } from '../../src/machine/entry.ts'
import { WRITTEN } from '../../src/machine/frame-word.ts'
import { program, type Drive, type Program } from './drive.ts'

type Kind = 'read' | 'write'

/** Accesses to page 0, one after the other; each ends in one `access` step. */
const accessing = (kinds: readonly Kind[], levels = 2): Drive => {
  const code: Program = function* (cpu) {
    for (const kind of kinds) yield* cpu.access(0, kind)
  }
  return program(code, { machine: { levels } })
}
const faults = (d: Drive): number[] => d.seen.filter(({ op }) => op === 'access').map(({ result }) => result)

/** Steps until the next access has ended; returns the kinds of step that it took. */
function nextAccess(d: Drive): string[] {
  const from = d.seen.length
  d.until(0, 'access')
  return d.seen.slice(from).map(({ op }) => op)
}

describe('a TLB hit', () => {
  it('takes one step and touches no tables', () => {
    const d = accessing(['read', 'read'])
    nextAccess(d)
    // Tables that nobody may look at any more: a walk would fault.
    for (const level of [1, 2]) d.S[d.entryAt(level, 0)] = 0
    d.go('cpu0')
    expect(faults(d)).toEqual([0, 0])
    for (const level of [1, 2]) expect(d.entry(level, 0)).toBe(0)
  })

  it('serves the old frame for as long as the entry is there, whatever the tables say', () => {
    const d = accessing(['read', 'read', 'read'])
    nextAccess(d)
    const held = d.tlb(0, 0)
    d.S[d.entryAt(1, 0)] = 0
    expect(nextAccess(d)).toEqual(['access'])
    expect(nextAccess(d)).toEqual(['access'])
    expect(d.tlb(0, 0)).toBe(held)
  })

  it('leaves A and D clear in memory if they were cleared behind its back', () => {
    const d = accessing(['write', 'write'])
    nextAccess(d)
    d.S[d.entryAt(1, 0)] &= ~(A | D)
    expect(nextAccess(d)).toEqual(['access'])
    expect(d.entry(1, 0) & (A | D)).toBe(0)
  })

  it('marks the page of a store as written, and not the page of a load', () => {
    const read = accessing(['read'])
    read.finish(0)
    expect(read.frameBits('P0', WRITTEN)).toBe(0)
    const write = accessing(['write'])
    write.finish(0)
    expect(write.frameBits('P0', WRITTEN)).toBe(WRITTEN)
  })
})

describe('an access that has ended', () => {
  it('leaves nothing of its walk behind', () => {
    // Page 2, because nothing at all looks like page 0.
    const d = program((cpu) => cpu.access(2, 'read'), { machine: { pages: [2] } })
    d.go('cpu0')
    expect(d.S[d.m.walkPage]).toBe(2)
    d.finish(0)
    expect([d.m.walk, d.m.caches.pointer, d.m.caches.latch, d.m.walkPage].map((at) => d.S[at])).toEqual([
      0, 0, 0, 0,
    ])
  })
})

describe('a write through a clean TLB entry', () => {
  it('walks again and sets D, in memory and in the TLB', () => {
    const d = accessing(['read', 'write'])
    nextAccess(d)
    expect(d.tlb(0, 0) & CACHED_D).toBe(0)
    expect(nextAccess(d)).toContain('walk')
    expect(d.entry(1, 0) & D).toBe(D)
    expect(d.tlb(0, 0) & CACHED_D).toBe(CACHED_D)
  })

  it('does not walk when the entry was filled dirty', () => {
    const d = accessing(['read', 'write'])
    d.S[d.entryAt(1, 0)] |= D
    nextAccess(d)
    expect(nextAccess(d)).toEqual(['access'])
  })

  it('may start that walk from a cached upper level, and so set D in a table that was unhooked', () => {
    const d = accessing(['read', 'write'])
    nextAccess(d)
    d.S[d.entryAt(2, 0)] = 0
    nextAccess(d)
    expect(faults(d)).toEqual([0, 0])
    expect(d.entry(1, 0) & D).toBe(D)
  })

  it('faults instead of setting D where the entry is gone meanwhile', () => {
    const d = accessing(['read', 'write'])
    nextAccess(d)
    d.S[d.entryAt(1, 0)] &= ~P
    nextAccess(d)
    expect(faults(d)).toEqual([0, 1])
    expect(d.entry(1, 0) & D).toBe(0)
    expect(d.tlb(0, 0)).toBe(0)
  })

  it('faults where the page is write-protected meanwhile, and D stays clear', () => {
    const d = accessing(['read', 'write'])
    nextAccess(d)
    d.S[d.entryAt(1, 0)] &= ~RW
    nextAccess(d)
    expect(faults(d)).toEqual([0, 1])
    expect(d.entry(1, 0) & D).toBe(0)
  })
})

describe('a write through a dirty writable TLB entry', () => {
  it('succeeds although the tables forbid it: only a flush takes the right away', () => {
    const d = accessing(['write', 'write'])
    nextAccess(d)
    d.S[d.entryAt(1, 0)] &= ~RW
    expect(nextAccess(d)).toEqual(['access'])
    expect(faults(d)).toEqual([0, 0])
  })
})

describe('a write through a write-protected TLB entry', () => {
  it('faults at once, though the tables allow it by now, and the fault drops the entry', () => {
    const d = accessing(['read', 'write', 'write'])
    d.S[d.entryAt(1, 0)] &= ~RW
    nextAccess(d)
    expect(d.tlb(0, 0) & (VALID | CACHED_W)).toBe(VALID)
    d.S[d.entryAt(1, 0)] |= RW
    expect(nextAccess(d)).toEqual(['access'])
    expect(faults(d)).toEqual([0, 1])
    expect(d.tlb(0, 0)).toBe(0)
    // One spurious fault, not two: the access that is tried again walks and succeeds.
    nextAccess(d)
    expect(faults(d)).toEqual([0, 1, 0])
  })

  it('is no hindrance for reads', () => {
    const d = accessing(['read', 'read'])
    d.S[d.entryAt(1, 0)] &= ~RW
    nextAccess(d)
    expect(nextAccess(d)).toEqual(['access'])
    expect(faults(d)).toEqual([0, 0])
  })
})

describe('a fault', () => {
  it('is not remembered: what is mapped by then is found', () => {
    const d = accessing(['read', 'read'])
    const word = d.entry(1, 0)
    d.S[d.entryAt(1, 0)] = 0
    nextAccess(d)
    d.S[d.entryAt(1, 0)] = word
    nextAccess(d)
    expect(faults(d)).toEqual([1, 0])
  })

  it('ends the access and leaves no walk behind', () => {
    const d = accessing(['read'])
    d.S[d.entryAt(1, 0)] = 0
    d.finish(0)
    expect(d.world.final()).toBe(true)
    expect([d.m.walk, d.m.caches.pointer, d.m.caches.latch, d.m.walkPage].map((at) => d.S[at])).toEqual([
      0, 0, 0, 0,
    ])
  })
})

describe('any sequence of accesses and changes of the tables', () => {
  const change = fc.constantFrom('none', 'unmap', 'map', 'protect', 'allow', 'wash', 'drop')
  const story = fc.array(fc.tuple(change, fc.constantFrom<Kind>('read', 'write')), {
    minLength: 1,
    maxLength: 12,
  })

  /** The rules of the manual for one page whose path above the leaf never changes. */
  function expected(d: Drive, kind: Kind): { fault: number; walks: boolean } {
    const held = d.tlb(0, 0)
    const leaf = d.entry(1, 0)
    const protectedHit = kind === 'write' && (held & (VALID | CACHED_W)) === VALID
    if (protectedHit) return { fault: 1, walks: false }
    if (held & VALID && (kind === 'read' || held & CACHED_D)) return { fault: 0, walks: false }
    return { fault: (leaf & P) === 0 || (kind === 'write' && (leaf & RW) === 0) ? 1 : 0, walks: true }
  }

  it('hits, walks and faults as the manual says, and nothing is cached with A clear', () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 2, max: 4 }), (steps, levels) => {
        const d = accessing(
          steps.map(([, kind]) => kind),
          levels,
        )
        const at = d.entryAt(1, 0)
        const word = d.S[at]
        for (const [what, kind] of steps) {
          if (what === 'unmap') d.S[at] = 0
          if (what === 'map') d.S[at] = word & ~(A | D)
          if (what === 'protect') d.S[at] &= ~RW
          if (what === 'allow') d.S[at] |= d.S[at] & P ? RW : 0
          if (what === 'wash') d.S[at] &= ~(A | D)
          if (what === 'drop') d.S[d.tlbAt(0, 0)] = 0
          const { fault, walks } = expected(d, kind)
          const taken = nextAccess(d)
          expect(taken.includes('walk')).toBe(walks)
          expect(faults(d).at(-1)).toBe(fault)
          if (fault === 1) expect(d.tlb(0, 0)).toBe(0)
          if (walks && fault === 0)
            expect(d.S[at] & (kind === 'write' ? A | D : A)).toBe(kind === 'write' ? A | D : A)
        }
        expect(d.violation).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })
})
