import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { P, RW, isPresent, isWritable } from '../../src/machine/entry.ts'
import { FREE, REUSED, TABLE } from '../../src/machine/frame-word.ts'
import { translationNow } from '../../src/machine/translation.ts'
import { flushNobody, hypervRcu, nativeIpi, nativeRcu, xenRcu } from '../../src/policies/index.ts'
import type { Operation } from '../../src/scenario/workload.ts'
import { operations, type Drive, type Setup } from '../machine/drive.ts'
import { audit, recording } from './audit.ts'

const pages = [0, 2, 3]
const alone = (ops: readonly Operation[], setup: Setup = {}): Drive => {
  const d = operations([ops], { ...setup, machine: { pages, ...setup.machine } })
  d.wander(() => 0)
  expect(d.violation).toBeUndefined()
  expect(audit(d)).toEqual([])
  return d
}

describe('mprotect', () => {
  it('takes R/W away and nothing else, and flushes the page', () => {
    const before = operations([[]], { machine: { pages } }).entry(1, 2)
    const d = alone([{ op: 'mprotect', page: 2 }], { policy: recording })
    expect(d.entry(1, 2)).toBe(before & ~RW)
    expect(d.entry(1, 3) & RW).toBe(RW)
    expect([d.words('pages'), d.words('kind'), d.words('flushes')]).toEqual([[0b010], [0], [1]])
  })

  it('keeps a D flag', () => {
    const d = alone([
      { op: 'write', page: 2 },
      { op: 'mprotect', page: 2 },
      { op: 'munmap', page: 2 },
    ])
    expect(d.kind('P2')).toBe(FREE)
  })

  it('of what is protected or unmapped already flushes nobody', () => {
    for (const first of ['mprotect', 'munmap']) {
      const d = alone(
        [
          { op: first, page: 2 },
          { op: 'mprotect', page: 2 },
        ],
        { policy: recording },
      )
      expect(d.words('flushes')).toEqual([1])
    }
    expect(
      alone([
        { op: 'munmap', page: 0 },
        { op: 'mprotect', page: 0 },
      ]).done(0),
    ).not.toContain('revoke entry')
  })

  it('makes later writes fault and later reads not', () => {
    const d = alone([
      { op: 'write', page: 2 },
      { op: 'mprotect', page: 2 },
      { op: 'write', page: 2 },
      { op: 'read', page: 2 },
    ])
    expect(d.seen.filter(({ op }) => op === 'access').map(({ result }) => result)).toEqual([0, 1, 0])
  })
})

describe('reclaim', () => {
  it('frees the page and flushes once, as long as its table maps another one', () => {
    const d = alone([{ op: 'reclaim', page: 2 }], { policy: recording })
    expect([d.kind('P2'), d.kind('T1'), d.words('flushes')]).toEqual([FREE, TABLE, [1]])
  })

  it('unhooks an empty table and flushes once more before it frees it', () => {
    const d = alone([{ op: 'reclaim', page: 0 }], { policy: recording })
    expect([d.kind('P0'), d.kind('T0'), d.words('flushes'), d.words('kind')]).toEqual([FREE, FREE, [2], [1]])
    const order = d.done(0).filter((op) => ['clear entry', 'flush begins', 'put', 'free table'].includes(op))
    expect(order).toEqual(['clear entry', 'flush begins', 'put', 'clear entry', 'flush begins', 'free table'])
  })

  it('leaves upper tables linked, empty or not', () => {
    const d = alone([{ op: 'reclaim', page: 0 }], { machine: { levels: 3, pages: [0] } })
    expect(['PUD', 'PMD', 'T0'].map((name) => d.kind(name))).toEqual([TABLE, TABLE, FREE])
    expect(d.entry(3, 0) & P).toBe(P)
  })

  it('of what is not mapped does nothing', () => {
    expect(
      alone(
        [
          { op: 'munmap', page: 2 },
          { op: 'reclaim', page: 2 },
        ],
        { policy: recording },
      ).words('flushes'),
    ).toEqual([1])
    expect(
      alone(
        [
          { op: 'munmap', page: 0 },
          { op: 'reclaim', page: 0 },
        ],
        { policy: recording },
      ).words('flushes'),
    ).toEqual([1])
  })
})

describe('reuse', () => {
  it('gives a freed frame to another owner, once', () => {
    const d = alone([{ op: 'munmap', page: 2 }, { op: 'reuse' }, { op: 'reuse' }])
    expect(d.kind('P2')).toBe(REUSED)
    expect(d.seen.filter(({ op }) => op === 'reuse').map(({ result }) => result)).toEqual([d.frame('P2'), 0])
  })

  it('finds nothing where nothing was freed', () => {
    expect(alone([{ op: 'reuse' }]).seen.at(-1)).toMatchObject({ op: 'reuse', result: 0 })
  })
})

/** What the pages should look like after operations that run one after the other. */
function expectedPages(ops: readonly Operation[]): Map<number, { writable: boolean; large: boolean }> {
  const mapped = new Map(pages.map((page) => [page, { writable: true, large: false }]))
  for (const { op, page = 0 } of ops) {
    const at = mapped.get(page)
    if (op === 'collapse' && [2, 3].every((each) => mapped.get(each)?.large === false)) {
      // The large page has the rights that all of its pages had.
      const writable = [2, 3].every((each) => mapped.get(each)!.writable)
      for (const each of [2, 3]) mapped.set(each, { writable, large: true })
    }
    if (at === undefined || at.large) continue
    if (op === 'munmap' || op === 'reclaim') mapped.delete(page)
    if (op === 'mprotect') at.writable = false
  }
  return mapped
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    op: fc.constantFrom('munmap', 'reclaim', 'mprotect', 'read', 'write', 'gup_fast'),
    page: fc.constantFrom(...pages),
  }),
  fc.record({ op: fc.constant('collapse'), page: fc.constant(2) }),
  fc.constant({ op: 'reuse' }),
)

describe('any operations, one after the other on one CPU', () => {
  it.each([nativeIpi, nativeRcu, hypervRcu, xenRcu, flushNobody])(
    'leave the pages as a simple model says: $name',
    (policy) => {
      fc.assert(
        fc.property(fc.array(operation, { maxLength: 6 }), fc.integer({ min: 2, max: 4 }), (ops, levels) => {
          const d = alone(ops, { policy, machine: { levels } })
          const expected = expectedPages(ops)
          for (const page of pages) {
            const now = translationNow(d.m, 0, page)
            expect(isPresent(now)).toBe(expected.has(page))
            if (expected.has(page)) expect(isWritable(now)).toBe(expected.get(page)!.writable)
          }
        }),
        { numRuns: 40 },
      )
    },
  )
})

describe('any operations at once on several CPUs, under a safe policy', () => {
  it.each([nativeIpi, nativeRcu, hypervRcu, xenRcu])(
    'end with every lock, slot, reference and table accounted for: $name',
    (policy) => {
      const workload = fc.array(fc.array(operation, { maxLength: 3 }), { minLength: 2, maxLength: 3 })
      fc.assert(
        fc.property(
          workload,
          fc.integer({ min: 2, max: 3 }),
          fc.nat(2),
          fc.infiniteStream(fc.nat()),
          (ops, levels, preemptions, picks) => {
            const d = operations(ops, { policy, machine: { pages, levels, preemptions } })
            d.wander((count) => picks.next().value! % count)
            expect(d.world.violation).toBeUndefined()
            expect(d.world.final()).toBe(true)
            expect(audit(d)).toEqual([])
          },
        ),
        { numRuns: 60 },
      )
    },
  )
})
