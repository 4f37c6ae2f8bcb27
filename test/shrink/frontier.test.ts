/** The queue of the search for the smallest schedule: by switches, then steps, then age. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Frontier } from '../../src/shrink/frontier.ts'

const STEP = Frontier.cost(0, 1)
const SWITCH = Frontier.cost(1, 0)

/** Per node that is taken: the nodes that it leads to, each with a switch or without. */
const leads = fc.array(fc.array(fc.boolean(), { maxLength: 3 }), { minLength: 1, maxLength: 60 })

describe('the queue', () => {
  it('hands out the oldest of the least cost, whatever was queued and left in it before', () => {
    const frontier = new Frontier()
    fc.assert(
      fc.property(leads, ([...all]) => {
        frontier.clear()
        frontier.add(0, 0)
        const queued = [{ node: 0, cost: 0 }]
        let nodes = 1
        for (const lead of all) {
          const node = frontier.take()
          const least = queued.toSorted((a, b) => a.cost - b.cost || a.node - b.node)[0]
          expect(node).toBe(least?.node ?? -1)
          if (least === undefined) return
          expect(frontier.taken).toBe(least.cost)
          queued.splice(queued.indexOf(least), 1)
          for (const switched of lead) {
            const cost = least.cost + STEP + (switched ? SWITCH : 0)
            frontier.add(nodes, cost)
            queued.push({ node: nodes++, cost })
          }
        }
      }),
    )
  })

  it('tells switches and steps apart, however many there are', () => {
    for (const [switches, steps] of [
      [0, 5000],
      [3, 1_000_000],
      [1_000_000, 3],
    ]) {
      const cost = Frontier.cost(switches, steps)
      expect([Frontier.switches(cost), Frontier.steps(cost)]).toEqual([switches, steps])
    }
  })
})
