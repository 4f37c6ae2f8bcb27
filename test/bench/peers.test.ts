/**
 * The peers that the package is compared with run the same race: each counts the states and transitions that are
 * published for it. Those that are not installed are skipped, and said to be.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { packedSearch, rumur, spin, walker, type Outsider } from '../../bench/peers/outside.ts'
import { schedulerRace } from '../../bench/peers/scheduler.ts'
import { missingTools, tellMissing } from '../../bench/peers/tools.ts'
import { Workshop } from '../../bench/peers/workshop.ts'
import { seedCases, type SeedCase } from '../../bench/protocols/seed-counts.ts'
import { thorough } from '../thorough.ts'

const shop = new Workshop()
afterAll(() => shop.close())

/** A checker is compiled for each size, by SPIN and rumur twice, so one is enough for a short run. */
const few = (cases: readonly SeedCase[]): readonly SeedCase[] =>
  thorough
    ? cases
    : cases.filter(({ policy, cpus, rounds }) => policy === 'ipi' && cpus === 3 && rounds === 2)
/** Runs at a time, and how often, to meet the rarest states, and in a thorough run the rarest transitions. */
const MANY = 10_000
const SEEDS = 40
/** The hash table of the largest fits into so many bits. */
const LOG2_STATES = 23

const sizes: readonly (readonly [Outsider, readonly SeedCase[]])[] = [
  [packedSearch, few(seedCases)],
  [spin, few(seedCases)],
  [rumur, few(seedCases)],
]

const missing = missingTools()
if (missing.length > 0) console.log(`Peers are skipped: ${tellMissing(missing)}`)

for (const [outsider, cases] of sizes) {
  describe.skipIf(missingTools(outsider.needs).length > 0)(outsider.title, () => {
    it.each(cases)(
      'counts $states states with $policy, $cpus CPUs and $rounds rounds',
      ({ policy, states, transitions, ...size }) => {
        const { counts } = shop.time(outsider.command(shop, policy, size, LOG2_STATES), outsider.count)
        expect(counts).toMatchObject({ states, transitions })
      },
      300_000,
    )
  })
}

describe.skipIf(missingTools(walker.needs).length > 0)('the walker in C++', () => {
  const size = { cpus: 3, rounds: 2, preemptions: 2 }

  it('meets the race of the hypercall in some runs, and nothing with IPIs', () => {
    const violating = (policy: 'ipi' | 'hypercall'): number =>
      shop.time(
        walker.command(shop, policy, size, 20_000),
        (out) => JSON.parse(out) as Record<string, number>,
      ).counts['violating']
    expect(violating('ipi')).toBe(0)
    expect(violating('hypercall')).toBeGreaterThan(200)
  })
})

describe('the race on fc.scheduler', () => {
  const size = { cpus: 2, rounds: 1, preemptions: 2 }

  const title = 'goes through exactly the published states and transitions with %s'
  it.skipIf(!thorough).each(['ipi', 'quiescence'] as const)(
    title,
    async (policy) => {
      const { states, transitions } = seedCases.find(
        (c) => c.policy === policy && c.cpus === size.cpus && c.rounds === size.rounds,
      )!
      const seen = new Set<string>()
      const moves = new Set<string>()
      let last: string | undefined
      const property = schedulerRace(policy, size, { steps: 0 }, (state) => {
        // No run comes back to its first state.
        const [first] = seen
        if (last !== undefined && state !== first) moves.add(last + state)
        seen.add((last = state))
      })
      const runMany = async (seed: number): Promise<void> => {
        const { failed } = await fc.check(property, { numRuns: MANY, seed })
        expect(failed).toBe(false)
      }
      const hasAll = (): boolean => seen.size >= states && (!thorough || moves.size >= transitions)
      for (let seed = 1; !hasAll() && seed <= SEEDS; seed++) await runMany(seed)
      await runMany(0)
      expect(seen.size).toBe(states)
      if (thorough) expect(moves.size).toBe(transitions)
      else expect(moves.size).toBeLessThanOrEqual(transitions)
    },
    600_000,
  )

  it('fails with a hypercall alone', async () => {
    const { failed, errorInstance } = await fc.check(schedulerRace('hypercall', size, { steps: 0 }), {
      numRuns: 2000,
      seed: 1,
    })
    expect({ failed, message: String(errorInstance) }).toEqual({
      failed: true,
      message: expect.stringContaining('in a freed table') as string,
    })
  })
})
