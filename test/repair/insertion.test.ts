/** Where insertions go: at the step that is named, on every branch and in every round of a loop, and nowhere else. */
import { expect, it } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import { checkpoint, defineOp, perform, type Code } from '../../src/engine/step.ts'
import { insert, tellInsertion, type Insertion, type RepairWord } from '../../src/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { Watched } from '../../src/repair/places.ts'

const A = defineOp('a', 2)
const B = defineOp('b', 1)
const NEW = defineOp('new', 1)

const word: RepairWord = { name: 'new', kind: 'barrier', sentence: 'do it', code: () => perform(NEW) }
const instead: RepairWord = { ...word, replaces: B }

const policyOf = (flush: () => Code): AnyPolicy => ({ name: 'p', summary: 's', expected: 'broken', flush })

/** The operations that the flush of a policy asks for, if every step results in `result`. */
function stepsOf(policy: AnyPolicy, result = 0): string {
  const steps: string[] = []
  const code = policy.flush(undefined as never, undefined as never, 0)
  for (let taken = code.next(0); taken.done !== true; taken = code.next(result))
    steps.push(taken.value.op.name)
  return steps.join(' ')
}

const branching = policyOf(function* () {
  if ((yield* perform(A)) === 1) yield* perform(A)
  yield* perform(B)
})

const at = (place: Omit<Insertion['place'], 'part' | 'side'>, said = word): Insertion => ({
  word: said,
  place: { part: 'flush', side: 'guest', ...place },
})

it('a step is found on whatever branch it comes', () => {
  const before = insert(branching, [at({ at: 'step', op: B, nth: 1 })])
  expect(stepsOf(before, 0)).toBe('a new b')
  expect(stepsOf(before, 1)).toBe('a a new b')
  const second = insert(branching, [at({ at: 'step', op: A, nth: 2 })])
  expect(stepsOf(second, 0)).toBe('a b')
  expect(stepsOf(second, 1)).toBe('a new a b')
})

it('the beginning, the end, and the place of a step are what they say', () => {
  expect(stepsOf(insert(branching, [at({ at: 'begin' }), at({ at: 'end' })]))).toBe('new a b new')
  expect(stepsOf(insert(branching, [at({ at: 'step', op: B, nth: 1 }, instead)]))).toBe('a new')
  expect(
    stepsOf(insert(branching, [{ word, place: { part: 'freeTable', side: 'guest', at: 'begin' } }])),
  ).toBe('a b')
})

it('the repaired policy makes no claims of the broken one', () => {
  expect(insert(branching, [])).not.toHaveProperty('expected')
})

it('watching finds every step on every branch, and no place twice', () => {
  const watched = new Watched(branching)
  stepsOf(watched.policy, 0)
  stepsOf(watched.policy, 1)
  const told = watched.places().map((place) => tellInsertion({ word, place }))
  expect(told).toEqual([
    'do it, at the beginning of flush',
    'do it, before the "b" of flush',
    'do it, before the 2nd "a" of flush',
    'do it, at the end of flush',
  ])
  expect(watched.everyStep()).toHaveLength(3)
})

it('a loop that comes back to its checkpoint still has few control states, and the step is met once', () => {
  const looping = policyOf(function* () {
    for (;;) {
      yield* checkpoint('again')
      if ((yield* perform(A)) === 1) return
    }
  })
  const repaired = insert(looping, [at({ at: 'step', op: A, nth: 2 })])
  const co = new Coroutines()
  const path: string[] = []
  let node = co.root('flush', () => repaired.flush(undefined as never, undefined as never, 0))
  for (let round = 0; round < 3000; round++) {
    if (round < 5) path.push(co.steps[node].op.name)
    node = co.next(node, 0)
  }
  expect(path).toEqual(['a', 'new', 'a', 'a', 'a'])
  expect(co.size).toBeLessThan(10)
})
