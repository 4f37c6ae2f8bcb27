/** What a protocol can be made of, and what is said of mistakes. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import { DEADLOCK, Protocol, Space } from '../../src/protocol/index.ts'

/** Two threads that take two locks, in the same order or not. */
function twoLocks(crossed: boolean): Protocol {
  const p = new Protocol('two locks')
  const locks = p.word('lock', 0, 2)
  const lock = p.step('lock', (S, i) => void (S[locks + i] = 1), { when: (S, i) => S[locks + i] === 0 })
  const unlock = p.step('unlock', (S, i) => void (S[locks + i] = 0))
  for (const [name, first] of [
    ['A', 0],
    ['B', crossed ? 1 : 0],
  ] as const) {
    p.thread(name, function* () {
      yield* lock(first)
      yield* lock(1 - first)
      yield* unlock(1 - first)
      yield* unlock(first)
    })
  }
  return p
}

/** Two threads that add one to a counter in two steps. */
function lostUpdate(): Protocol {
  const p = new Protocol('lost update')
  const counter = p.word('counter')
  const done = p.word('done')
  const load = p.step('load', (S) => S[counter], { results: 3 })
  const store = p.step('store', (S, value) => void (S[counter] = value))
  const finish = p.step('finish', (S) => void S[done]++)
  for (const name of ['A', 'B']) {
    p.thread(name, function* () {
      yield* store((yield* load()) + 1)
      yield* finish()
    })
  }
  p.never('no-lost-update', (S) => S[done] === 2 && S[counter] < 2)
  return p
}

describe('a protocol', () => {
  it('deadlocks where locks are taken crosswise, and says who waits', () => {
    const { violation } = explore(new Space(twoLocks(true)))
    expect(violation).toEqual({ invariant: DEADLOCK, explanation: 'A, B can never go on.' })
  })

  it('does not where they are taken in one order', () => {
    expect(explore(new Space(twoLocks(false))).violation).toBeUndefined()
  })

  it('has its state predicates looked at after each step', () => {
    expect(explore(new Space(lostUpdate())).violation?.invariant).toBe('no-lost-update')
  })

  it('is run by the strategies that run policies', () => {
    const runner = new Runner()
    const space = new Space(lostUpdate())
    const strategy = randomWalk(1)
    const met = Array.from({ length: 1000 }, () => runner.run(space, strategy).violation?.invariant)
    expect(new Set(met)).toEqual(new Set([undefined, 'no-lost-update']))
  })

  it('follows each outcome of a pick', () => {
    const p = new Protocol('dice')
    const sum = p.word('sum')
    const add = p.step('add', (S, n) => void (S[sum] += n))
    p.thread('thrower', function* () {
      yield* add(yield* p.pick(6))
      yield* add(yield* p.pick(6))
    })
    const space = new Space(p)
    const sums = new Set<number>()
    explore(space, { observer: { ended: () => sums.add(space.state[sum]) } })
    expect([...sums].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('takes no step on a CPU that the host has taken away', () => {
    const p = new Protocol('one step', { preemptions: 1 })
    const word = p.word('word')
    const set = p.step('set', (S) => void (S[word] = 1))
    p.thread('setter', () => set())
    const space = new Space(p)
    const enabled = new Int32Array(8)
    expect(space.enabled(enabled)).toBe(2)
    space.apply(enabled[1])
    expect([space.name(enabled[1]), space.enabled(enabled), space.name(enabled[0])]).toEqual([
      'preempt cpu0',
      1,
      'schedule cpu0',
    ])
  })

  it('is refused when two things have one name', () => {
    const p = new Protocol('twice')
    p.word('x')
    expect(() => p.word('x')).toThrow('Protocol "twice" declares the variable "x" twice.')
    p.thread('A', function* () {})
    expect(() => p.thread('A', function* () {})).toThrow('the thread "A" twice')
  })
})
