/** Exhaustive search against plain brute force, on systems that have nothing to do with machines. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { bruteForce } from './brute-force.ts'
import { Tiny, counters, lostUpdate, philosophers, type TinyShape, type TinyStep } from './tiny.ts'

const counted = (system: Tiny): object => {
  const { states, transitions, depth, complete, violation } = explore(system, { countOnly: true })
  return { states, transitions, depth, complete, violation }
}

const expectSame = (system: Tiny): void => {
  const { states, transitions, depth, violated } = bruteForce(system)
  expect(counted(system)).toEqual({ states, transitions, depth, complete: true, violation: undefined })
  const found = explore(system).violation?.invariant
  if (violated.size === 0) expect(found).toBeUndefined()
  else expect(violated).toContain(found)
}

describe('exhaustive search', () => {
  it('counts the grid of two counters by the formula', () => {
    expect(counted(counters(3, 5))).toMatchObject({ states: 4 * 6, transitions: 3 * 6 + 4 * 5, depth: 8 })
  })

  it('sees a system without transitions as one state', () => {
    expect(counted(counters())).toMatchObject({ states: 1, transitions: 0, depth: 0, complete: true })
    expect(counted(counters(0, 0))).toMatchObject({ states: 1, transitions: 0, depth: 0, complete: true })
  })

  it.each([
    ['one counter', counters(7)],
    ['three counters', counters(2, 3, 4)],
    ['two threads that lose an update', lostUpdate()],
    ['two dining philosophers', philosophers(2)],
    ['four dining philosophers', philosophers(4)],
    ['five dining philosophers, one of them polite', philosophers(5, true)],
  ])('finds the states, transitions, depth and verdict that brute force finds: %s', (_name, system) => {
    expectSame(system)
  })

  it('finds the lost update, and none where the update is one step', () => {
    expect(explore(lostUpdate()).violation?.invariant).toBe('lost-update')
    const add: TinyStep = { run: (v) => void v[0]++ }
    const look: TinyStep = { run: (v) => (++v[1] === 2 && v[0] !== 2 ? 'lost-update' : undefined) }
    const atomic = new Tiny({
      variables: 2,
      threads: [
        [add, look],
        [add, look],
      ],
    })
    expect(explore(atomic)).toMatchObject({ violation: undefined, complete: true })
  })

  it('names who waits in the deadlock of the philosophers, and finds none if one of them is polite', () => {
    expect(explore(philosophers(3)).violation).toEqual({
      invariant: 'deadlock',
      explanation: 'threads 0, 1, 2 wait for ever',
    })
    expect(explore(philosophers(3, true)).violation).toBeUndefined()
  })

  it('takes what the environment may do for no progress: a thread that only it could wake is deadlocked', () => {
    const waits: TinyStep = { when: (v) => v[0] === 1, run: () => undefined }
    const wakes: TinyStep = { when: (v) => v[0] === 0, run: (v) => void (v[0] = 1) }
    const shape = { variables: 1, threads: [[waits]] }
    expect(explore(new Tiny({ ...shape, environment: [wakes] })).violation?.invariant).toBe('deadlock')
    expect(explore(new Tiny({ ...shape, threads: [[waits], [wakes]] })).violation).toBeUndefined()
  })

  it('agrees with brute force on any two or three threads of random steps', () => {
    fc.assert(
      fc.property(shapes, (shape) => expectSame(new Tiny(shape))),
      { numRuns: 120, seed: 20170809 },
    )
  })

  it('fits any number of enabled transitions below the limit', () => {
    const wide = new Tiny({ variables: 1, threads: Array.from({ length: 30 }, () => [choice]) })
    expect(wide.enabled(new Int32Array(MAX_ENABLED))).toBe(480)
    expect(() => explore(wide, { maxStates: 1000 })).toThrow('More than 1,000 states')
  })
})

const choice: TinyStep = { outcomes: 16, run: (v, picked) => void (v[0] = picked) }

/** One step: waits for a variable, sets, adds or checks one, or lets the explorer pick. */
const steps: fc.Arbitrary<TinyStep> = fc
  .record({
    kind: fc.constantFrom('wait', 'set', 'add', 'check', 'pick', 'again'),
    at: fc.integer({ min: 0, max: 1 }),
    value: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ kind, at, value }): TinyStep => {
    if (kind === 'wait') return { when: (v) => v[at] === value, run: () => undefined }
    if (kind === 'set') return { run: (v) => void (v[at] = value) }
    if (kind === 'add') return { run: (v) => void (v[at] = (v[at] + 1) % 4) }
    if (kind === 'check') return { run: (v) => (v[at] === value ? `variable-${at}` : undefined) }
    if (kind === 'pick') return { outcomes: 3, run: (v, picked) => void (v[at] = picked) }
    return { run: (v) => (v[at] === value ? 0 : undefined) }
  })

const shapes: fc.Arbitrary<TinyShape> = fc.record({
  variables: fc.constant(2),
  threads: fc.array(fc.array(steps, { maxLength: 4 }), { minLength: 2, maxLength: 3 }),
  environment: fc.array(steps, { maxLength: 1 }),
})
