/** Which workloads a search for something smaller goes through, held against what is said of them. */
import { describe, expect, it } from 'vitest'
import { policies } from '../../src/policies/index.ts'
import { compareWorkloads, canonicalWorkload } from '../../src/scenario/canonical-workload.ts'
import { enumerateWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { allWorkloads, nearWorkloads, subWorkloads } from '../../src/shrink/candidates.ts'
import { quiet } from '../explore/quiet.ts'

const policy = policies.find(({ name }) => name === 'static-key-early')!
const bounds = quiet()
const on = (op: string, page: number) => ({ op, page })
const turn = { op: 'turn_key' }
const own: Workload = [[turn, on('gup_fast', 2)], [on('munmap', 3)]]

const text = (workload: Workload): string =>
  JSON.stringify(canonicalWorkload(workload, policy, bounds.groups))
const texts = (workloads: readonly Workload[] | undefined): string[] => workloads!.map(text)
const withoutOne = (workload: Workload): Workload[] =>
  workload.flatMap((ops, cpu) => ops.map((_, i) => workload.with(cpu, ops.toSpliced(i, 1))))
const about = (from: number, to: number): Workload =>
  own.map((ops) => ops.map((each) => ('page' in each && each.page === from ? { ...each, page: to } : each)))

describe('what is left of a workload', () => {
  it('is what remains when operations are taken out, each once', () => {
    expect(texts(subWorkloads(policy, own, bounds, 3))).toEqual([text(own)])
    expect(texts(subWorkloads(policy, own, bounds, 2)).toSorted()).toEqual(
      withoutOne(own).map(text).toSorted(),
    )
    expect(texts(subWorkloads(policy, own, bounds, 1))).toHaveLength(3)
  })

  it('is not asked for where a workload is too large to be taken apart', () => {
    const many = [Array.from({ length: 17 }, () => on('read', 0))]
    expect(subWorkloads(policy, many, bounds, 1)).toBeUndefined()
    expect(nearWorkloads(policy, many, bounds, 1)).toBeUndefined()
  })
})

describe('what is near a workload', () => {
  const near = nearWorkloads(policy, own, bounds, 3)!

  it('is all that shares everything but one operation with it, and itself with a page for another', () => {
    const left = new Set(withoutOne(own).map(text))
    const exchanged = enumerateWorkloads(policy, 2, 3, bounds.groups).filter((workload) =>
      withoutOne(workload).some((each) => left.has(text(each))),
    )
    const moved = [about(2, 0), about(2, 3), about(3, 0), about(3, 2)]
    expect(texts(near).toSorted()).toEqual([...new Set([...exchanged, ...moved].map(text))].toSorted())
    expect(near.length).toBeGreaterThan(100)
  })

  it('of fewer operations is what is left of it, and that with a page for another', () => {
    const expected = [own, about(2, 0), about(2, 3), about(3, 0), about(3, 2)].flatMap(withoutOne)
    expect(texts(nearWorkloads(policy, own, bounds, 2)).toSorted()).toEqual(
      [...new Set(expected.map(text))].toSorted(),
    )
  })

  it('on fewer CPUs has what it does on one after the other, in any order that each had, and that with one exchanged', () => {
    const alone = quiet({ vcpus: 1 })
    const [[first, second], [other]] = own
    const orders = [
      [other, first, second],
      [first, other, second],
      [first, second, other],
    ]
    const left = new Set(orders.flatMap((order) => withoutOne([order])).map(text))
    const expected = enumerateWorkloads(policy, 1, 3, bounds.groups).filter((workload) =>
      withoutOne(workload).some((each) => left.has(text(each))),
    )
    const found = texts(nearWorkloads(policy, own, alone, 3))
    expect(expected.length).toBeGreaterThan(100)
    expect(found).toEqual(expect.arrayContaining(expected.map(text)))
    for (const order of orders) expect(found).toContain(text([order]))
  })

  it('has an operation that may come once at most once', () => {
    const turns = (workload: Workload): number => workload.flat().filter(({ op }) => op === turn.op).length
    expect(Math.max(...near.map(turns))).toBe(1)
  })

  it.each([
    ['near', nearWorkloads],
    ['left of it', subWorkloads],
  ])('comes in the order of workloads, whatever it is asked of: %s', (_, candidates) => {
    const found = candidates(policy, own, bounds, 2)!
    expect(found).toEqual(found.toSorted(compareWorkloads(policy, bounds.groups)))
    expect(candidates(policy, own.toReversed(), bounds, 2)).toEqual(found)
  })
})

it('all workloads are those of the generators, where they are not too many', () => {
  expect(allWorkloads(policy, own, bounds, 2)).toEqual(enumerateWorkloads(policy, 2, 2, bounds.groups))
  expect(allWorkloads(policy, own, bounds, 3)).toBeUndefined()
})
