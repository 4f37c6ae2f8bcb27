/** What a protocol says of its steps to strategies: what they touch, which statement they are, what is abstract. */
import { describe, expect, it } from 'vitest'
import { EVERYTHING, NOTHING, reads, writes } from '../../src/engine/footprint.ts'
import { Protocol, Space } from '../../src/protocol/index.ts'

function first(space: Space): Int32Array {
  const enabled = new Int32Array(64)
  return enabled.subarray(0, space.enabled(enabled))
}

/** Two threads of the same code, with a step of each kind. */
function kinds(): Space {
  const p = new Protocol('kinds', { preemptions: 1 })
  p.word('first')
  const words = p.word('words', 0, 3)
  const read = p.step('read', () => {}, { reads: (i) => words + i })
  const write = p.step('write', (S, i) => void (S[words + i] = 1), { writes: (i) => words + i })
  const both = p.step('both', () => {})
  for (const name of ['A', 'B']) {
    p.thread(name, function* () {
      yield* p.pick(2)
      yield* read(2)
      yield* write(1)
      yield* both()
    })
  }
  return new Space(p)
}

describe('a step of a protocol', () => {
  it('touches what it is declared to touch, with its arguments, and everything without a declaration', () => {
    const space = kinds()
    const seen: number[] = []
    for (let i = 0; i < 4; i++) {
      const [mine] = first(space)
      seen.push(space.footprint(mine))
      space.apply(mine)
    }
    expect(seen).toEqual([NOTHING, reads(3), writes(2), EVERYTHING])
  })

  it('is the same statement whichever thread takes it, and another one than the next', () => {
    const space = kinds()
    const [a, , b] = first(space)
    expect(space.actor(a)).not.toBe(space.actor(b))
    expect(space.site(a)).toBe(space.site(b))
    const before = space.site(a)
    space.apply(a)
    expect(space.site(first(space)[0])).not.toBe(before)
  })

  it('has nothing to do with what the host does', () => {
    const space = kinds()
    const host = first(space).filter((transition) => space.name(transition).startsWith('preempt'))
    expect(host).toHaveLength(2)
    for (const transition of host) expect(space.footprint(transition)).toBe(NOTHING)
  })
})

describe('the abstraction of a protocol', () => {
  it('is the same for states that differ in which thread is where, and in nothing else', () => {
    const [left, right] = [kinds(), kinds()]
    const [a, , b] = first(left)
    left.apply(a)
    right.apply(b)
    expect(left.state).not.toEqual(right.state)
    expect(left.abstraction()).toBe(right.abstraction())
    left.apply(first(left)[0])
    expect(left.abstraction()).not.toBe(right.abstraction())
  })

  it('differs with the variables', () => {
    const space = kinds()
    const before = space.abstraction()
    space.state[1] = 1
    expect(space.abstraction()).not.toBe(before)
  })
})
