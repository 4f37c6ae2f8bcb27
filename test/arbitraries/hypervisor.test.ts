import { describe, expect, it } from 'vitest'
import { Hypervisor } from '../../src/arbitraries/hypervisor.ts'
import { makeBounds } from '../../src/index.ts'
import { DESCHEDULE, PREEMPT, SCHEDULE, transition } from '../../src/scenario/transition.ts'
import { plain } from './bounds.ts'

/** vCPUs 2 and 3 start on no pCPU. */
const bounds = makeBounds({ ...plain, vcpus: 4, pcpus: 2, migration: true })
const put = (cpu: number, pcpu: number): number => transition(SCHEDULE, cpu, pcpu)
const preempt = transition(PREEMPT, 0)
const giveWay = transition(DESCHEDULE, 0)

describe('the hypervisor of a scenario', () => {
  const both = [put(2, 0), put(2, 1), put(3, 0), put(3, 1)]

  it('takes its decisions one after the other, and by default the first of those who waited longest', () => {
    const host = new Hypervisor(
      bounds,
      [],
      [
        { cpu: 3, pcpu: 1 },
        { cpu: 2, pcpu: 1 },
      ],
    )
    expect([0, 1, 2].map((now) => host.bringBack(both, now))).toEqual([put(3, 1), put(2, 1), put(2, 0)])
  })

  it('follows a decision as far as it can', () => {
    const decide = (cpu: number, pcpu: number): number | undefined =>
      new Hypervisor(bounds, [], [{ cpu, pcpu }]).bringBack([put(2, 0), put(3, 0), put(3, 1)], 0)
    expect(decide(3, 1)).toBe(put(3, 1))
    expect(decide(2, 1)).toBe(put(2, 0))
    expect(decide(0, 1)).toBe(put(3, 1))
  })

  it('keeps its decisions for where there is a choice', () => {
    const host = new Hypervisor(bounds, [], [{ cpu: 3, pcpu: 1 }])
    expect(host.bringBack([], 0)).toBeUndefined()
    expect(host.bringBack([put(2, 0)], 0)).toBe(put(2, 0))
    expect(host.bringBack(both, 1)).toBe(put(3, 1))
  })

  it('brings back nobody before the time', () => {
    const host = new Hypervisor(bounds, [{ step: 0, cpu: 2, for: 5 }], [])
    expect(host.preempt([], 0)).toBeUndefined()
    expect(host.bringBack([put(2, 0)], 4)).toBeUndefined()
    expect(host.makeWayFor(2, [giveWay], 4)).toBeUndefined()
    expect(host.unblock([put(2, 0)])).toBe(put(2, 0))
    expect(host.bringBack([put(2, 0)], 5)).toBe(put(2, 0))
    expect(host.makeWayFor(2, [giveWay], 5)).toBe(giveWay)
  })

  it('preempts when it can, and rather lets a vCPU give way, which is not counted', () => {
    const point = { step: 3, cpu: 0, for: 0 }
    const host = new Hypervisor(bounds, [point, point], [])
    expect(host.preempt([giveWay, preempt], 2)).toBeUndefined()
    expect(host.preempt([], 3)).toBeUndefined()
    expect(host.preempt([giveWay, preempt], 4)).toBe(giveWay)
    host.note(giveWay, 4)
    host.note(put(0, 1), 5)
    expect(host.preempt([preempt], 6)).toBe(preempt)
    host.note(preempt, 6)
    host.note(put(0, 1), 7)
    expect(host.preempt([preempt], 8)).toBeUndefined()
  })

  it('makes way only where it helps', () => {
    const apart = new Hypervisor({ ...bounds, migration: false }, [], [])
    expect(apart.makeWayFor(2, [transition(DESCHEDULE, 1), giveWay], 0)).toBe(giveWay)
    expect(apart.makeWayFor(3, [giveWay], 0)).toBeUndefined()
    expect(apart.makeWayFor(1, [giveWay], 0)).toBeUndefined()
  })
})
