/** What the algorithm says of random small programs is what brute force says, and its lassos are as small. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fairComponents } from '../../src/liveness/fair.ts'
import { graphOf } from '../../src/liveness/graph.ts'
import { goesRound } from '../../src/liveness/lasso.ts'
import { findLivelock } from '../../src/liveness/livelock.ts'
import { roundIn } from '../../src/liveness/any-lasso.ts'
import { Space } from '../../src/protocol/index.ts'
import { thorough } from '../thorough.ts'
import { cheapestLasso, isLive } from './brute-force.ts'
import { anyPrograms, protocolOf } from './programs.ts'

const RUNS = thorough ? 5_000 : 200
const TIME = { timeout: thorough ? 600_000 : 60_000 }
/** Walks longer than this are too many to try. */
const LONGEST = 9

describe('random programs', () => {
  it('are live, or not, as brute force says', TIME, () => {
    const met = { live: 0, deadlock: 0, livelock: 0, 'not established': 0 }
    fc.assert(
      fc.property(anyPrograms, (programs) => {
        const { verdict } = findLivelock(new Space(protocolOf(programs)))
        met[verdict]++
        expect(verdict === 'live').toBe(isLive(programs))
      }),
      { numRuns: RUNS },
    )
    for (const verdict of ['live', 'deadlock', 'livelock'] as const)
      expect(met[verdict]).toBeGreaterThan(RUNS / 25)
  })

  it('have lassos that go round, and of which there is none smaller', TIME, () => {
    let compared = 0
    fc.assert(
      fc.property(anyPrograms, (programs) => {
        const space = new Space(protocolOf(programs))
        const { lasso } = findLivelock(space)
        if (lasso === undefined) return
        expect(lasso.minimal).toBe(true)
        space.reset()
        for (const transition of lasso.stem) space.apply(transition)
        if (lasso.cycle.length > 0) expect(goesRound(space, lasso.cycle)).toBe(true)
        else expect([space.enabled(new Int32Array(100)), space.final()]).toEqual([0, false])
        const cheapest = cheapestLasso(programs, Math.min(lasso.cost.steps, LONGEST))
        if (lasso.cost.steps <= LONGEST) {
          compared++
          expect(lasso.cost).toEqual(cheapest)
        } else if (cheapest !== undefined) expect(lasso.cost.switches).toBeLessThan(cheapest.switches)
      }),
      { numRuns: RUNS },
    )
    expect(compared).toBeGreaterThan(RUNS / 10)
  })

  it('have fair components in each of which a lasso goes round, small or not', TIME, () => {
    let made = 0
    fc.assert(
      fc.property(anyPrograms, (programs) => {
        const space = new Space(protocolOf(programs))
        const graph = graphOf(space)
        for (const component of fairComponents(graph)) {
          const { stem, cycle } = roundIn(graph, component)
          space.reset()
          for (const transition of stem) space.apply(transition)
          expect(goesRound(space, cycle)).toBe(true)
          made++
        }
      }),
      { numRuns: RUNS },
    )
    expect(made).toBeGreaterThan(RUNS / 10)
  })
})
