/**
 * CPU symmetry of protocols: the same verdict as the whole search for random CPUs that are alike, fewer states, and
 * CPUs that are not alike are kept apart or found out.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seedRace } from '../../bench/protocols/seed-race.ts'
import type { System } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { Protocol, Space } from '../../src/protocol/index.ts'
import { reduced, type Reductions } from '../../src/reduce/index.ts'
import { thorough } from '../thorough.ts'
import { alikeProtocol, alikeShapes, type AlikeShape } from './random-alike.ts'

const CPUS: Reductions = { schedules: false, order: false, cpus: true }
const combinations: readonly Reductions[] = [
  CPUS,
  { ...CPUS, schedules: true },
  { ...CPUS, order: true },
  { schedules: true, order: true, cpus: true },
]

const violated = (system: System): string =>
  [...explore(system, { countOnly: true }).violated].toSorted().join()

const agrees = (shape: AlikeShape, make: (space: Space) => System): boolean =>
  violated(make(new Space(alikeProtocol(shape)))) === violated(new Space(alikeProtocol(shape)))

/** The parts of a reduced space that mutants change. */
interface Parts {
  readonly symmetry:
    | { canonicalize(): void; update(): void; alikeFrom: { get(node: number): number } }
    | undefined
}

const broken =
  (change: (symmetry: NonNullable<Parts['symmetry']>) => void, reductions = CPUS) =>
  (space: Space): System => {
    const system = reduced(space, reductions)
    const { symmetry } = system as unknown as Parts
    if (symmetry !== undefined) change(symmetry)
    return system
  }

const isCaught = (make: (space: Space) => System): boolean =>
  fc.check(
    fc.property(alikeShapes, (shape) => agrees(shape, make)),
    { numRuns: 3000, seed: 1996, endOnFailure: true },
  ).failed

describe('a search that permutes CPUs', () => {
  it.each(combinations)(
    'sees what the whole search sees of random ones: $schedules, $order',
    (reductions) => {
      fc.assert(
        fc.property(alikeShapes, (shape) => agrees(shape, (space) => reduced(space, reductions))),
        { numRuns: thorough ? 3000 : 50, seed: 1993 },
      )
    },
    600_000,
  )

  it('is found out if it permutes them while a loop over them is under way', () => {
    const hasty = broken((symmetry) => {
      symmetry.update = () => void (symmetry.alikeFrom = { get: () => -1 })
      symmetry.update()
    })
    expect(isCaught(hasty)).toBe(true)
  }, 120_000)

  it.skipIf(!thorough)(
    'is found out if it permutes what CPUs hold, but not where they are',
    () => {
      const half = broken((symmetry) => Object.assign(symmetry, { rows: [], threads: [] }))
      expect(isCaught(half)).toBe(true)
    },
    120_000,
  )

  it.each([
    ['ipi', 67_533],
    ['hypercall', 40_914],
    ['quiescence', 46_788],
  ] as const)('has fewer states of the seed race: %s', (policy, states) => {
    const space = (): Space => new Space(seedRace(policy, { cpus: 3, rounds: 3, preemptions: 2 }))
    const whole = explore(space(), { countOnly: true, fitted: true })
    const less = explore(reduced(space(), CPUS), { countOnly: true, fitted: true })
    expect({ states: less.states, violated: less.violated }).toEqual({ states, violated: whole.violated })
  })
})

/** Three CPUs that each count once, for themselves; `step` may make a difference between them. */
function counting(
  step: (S: Int32Array, cpu: number) => void,
  length = (_cpu: number): number => 1,
): Protocol {
  const p = new Protocol('counting')
  const counts = p.word('counts', 0, 4)
  p.word('sum')
  const count = p.step('count', step)
  for (const cpu of [1, 2, 3]) {
    p.thread(
      `cpu ${cpu}`,
      function* () {
        for (let i = 0; i < length(cpu); i++) yield* count(cpu)
      },
      cpu,
    )
  }
  p.cpusAlike([1, 2, 3], counts)
  return p
}

describe('CPUs that are declared to be alike', () => {
  it('are taken for one where they are', () => {
    const p = counting((S, cpu) => void S[cpu]++)
    expect(explore(new Space(p)).states).toBe(8)
    expect(explore(reduced(new Space(p), CPUS)).states).toBe(4)
  })

  it('are found out where one does something else', () => {
    const p = counting((S, cpu) => void (S[cpu] = cpu === 2 ? 2 : 1))
    expect(() => explore(reduced(new Space(p), CPUS))).toThrow(
      'Protocol "counting" declares that CPUs 1, 2, 3 are alike, but their threads take steps that do different things.',
    )
  })

  it('are found out where one does something else for a rare value', () => {
    const p = counting((S, cpu) => void (S[4]++, (S[cpu] = cpu === 2 && S[4] === 3 ? 2 : 1)))
    expect(() => explore(reduced(new Space(p), CPUS))).toThrow('take steps that do different things')
  })

  it('are found out where one has more to do', () => {
    const p = counting(
      (S, cpu) => void S[cpu]++,
      (cpu) => (cpu === 3 ? 2 : 1),
    )
    expect(() => reduced(new Space(p), CPUS)).toThrow(/their threads (go through|ask for) different/)
  })

  it('are kept apart by a predicate that tells them apart', () => {
    const p = counting((S, cpu) => void S[cpu]++)
    p.never('never-second-first', (S) => S[2] === 1 && S[1] === 0)
    expect(violated(reduced(new Space(p), CPUS))).toBe('never-second-first')
    expect(explore(reduced(new Space(p), CPUS), { countOnly: true }).states).toBeGreaterThan(4)
  })
})
