/** What is said of each protocol of the catalogue is what is found. */
import { describe, expect, it } from 'vitest'
import { goesRound } from '../../src/liveness/lasso.ts'
import { findLivelock } from '../../src/liveness/livelock.ts'
import { DEADLOCK, LIVELOCK, Space } from '../../src/protocol/index.ts'
import { drawLasso } from '../../src/report/protocol.ts'
import { catalogue } from './catalogue.ts'

const named = (name: string): Space => new Space(catalogue.find((entry) => entry.name === name)!.make())

describe('liveness of a protocol', () => {
  it.each(catalogue)('$name: $verdict', ({ make, verdict, lasso: expected }) => {
    const space = new Space(make())
    const found = findLivelock(space)
    expect(found.verdict).toBe(verdict)
    const { lasso } = found
    expect(lasso && [lasso.cost.switches, lasso.stem.length, lasso.cycle.length]).toEqual(expected)
    if (lasso === undefined) return
    expect(lasso.minimal).toBe(true)
    expect(lasso.violation.invariant).toBe(verdict === 'deadlock' ? DEADLOCK : LIVELOCK)
    space.reset()
    for (const transition of lasso.stem) space.apply(transition)
    expect(goesRound(space, lasso.cycle)).toBe(verdict === 'livelock')
  })

  it('says who goes round', () => {
    expect(findLivelock(named('a spin loop whose flag nobody sets')).lasso?.violation.explanation).toBe(
      'spinner may go round for ever.',
    )
  })

  it('is drawn with a bar beside the cycle', () => {
    const space = named('a wake-up between look and sleep, polled for')
    expect(drawLasso(space, findLivelock(space).lasso!)).toBe(
      [
        '   #  sleeper       waker',
        '      ------------  ------',
        '   1  look -> 0',
        '   2                finish',
        '   3                wake',
        '   4  sleep',
        '    ,- again and again, for ever:',
        '   5| asleep? -> 1  <== no-livelock, back to 5',
      ].join('\n'),
    )
  })

  it('is drawn without one where nobody can move', () => {
    const space = named('a wake-up between look and sleep')
    expect(drawLasso(space, findLivelock(space).lasso!).split('\n').slice(-2)).toEqual([
      '   3             wake',
      '   4  sleep  <== no-deadlock',
    ])
  })

  it('shows the host where it takes a CPU away', () => {
    const space = named('a CPU that the host took away')
    const enabled = new Int32Array(8)
    space.reset()
    const count = space.enabled(enabled)
    const preempt = enabled.subarray(0, count).find((each) => space.name(each) === 'preempt cpu1')!
    const violation = space.fairness.livelock()
    const lasso = {
      stem: Int32Array.of(preempt),
      cycle: enabled.slice(0, 1),
      violation,
      cost: { switches: 1, steps: 2 },
      minimal: false,
    }
    expect(drawLasso(space, lasso)).toContain('preempt cpu1')
    expect(drawLasso(space, lasso).split('\n')[0]).toContain('host')
  })

  it('is not established where the graph is too large, or nobody wants to wait for it, and says what that took', () => {
    const nothing = { verdict: 'not established', lasso: undefined }
    const space = named('trylocks in one order')
    const { states, transitions } = findLivelock(space)
    expect(findLivelock(space, { maxStates: states }).verdict).toBe('live')
    const most = findLivelock(space, { maxStates: states - 1 })
    expect(most).toMatchObject(nothing)
    expect(most.states).toBeGreaterThan(states / 2)
    expect(most.states).toBeLessThan(states)
    expect(most.transitions).toBeLessThan(transitions)
    const none = { ...nothing, states: 0, transitions: 0 }
    expect(findLivelock(space, { stop: () => true })).toEqual(none)
  })

  it('comes with some lasso where the search for the smallest is too large', () => {
    for (const { make, verdict } of catalogue.filter((entry) => entry.verdict !== 'live')) {
      const space = new Space(make())
      const found = findLivelock(space, { maxNodes: 0 })
      expect(found.verdict).toBe(verdict)
      const { stem, cycle, minimal } = found.lasso!
      expect(minimal).toBe(false)
      space.reset()
      for (const transition of stem) space.apply(transition)
      expect(verdict === 'livelock' ? goesRound(space, cycle) : !space.final() && cycle.length === 0).toBe(
        true,
      )
    }
  })

  it('is the same when it is asked for again', () => {
    const space = named('trylocks that are crossed')
    expect(findLivelock(space)).toEqual(findLivelock(space))
  })
})

describe('a cycle', () => {
  const space = named('a spin loop whose flag is set')
  const enabled = new Int32Array(8)
  const spin = (): number => {
    space.reset()
    space.enabled(enabled)
    return enabled[0]
  }

  it('does not go round if it passes somebody over', () => {
    expect(goesRound(space, [spin()])).toBe(false)
  })

  it('does not go round if it is empty, or does not lead back', () => {
    spin()
    expect(goesRound(space, [])).toBe(false)
    spin()
    expect(goesRound(space, [enabled[1]])).toBe(false)
  })

  it('does not go round if it cannot be gone', () => {
    const round = spin()
    expect(goesRound(space, [round, 99])).toBe(false)
  })
})
