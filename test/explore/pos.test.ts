/** POS draws a priority anew where steps race, and only there. */
import { describe, expect, it } from 'vitest'
import { pos } from '../../src/explore/pos.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { Protocol, Space, type StepOptions } from '../../src/protocol/index.ts'

const RUNS = 20_000

/** One thread takes `length` steps, another a single one; each step touches what its thread is said to touch. */
function race(length: number, long: StepOptions, short: StepOptions): Space {
  const p = new Protocol('race')
  p.word('x')
  p.word('y')
  const step = p.step('step', () => {}, long)
  const other = p.step('other', () => {}, short)
  p.thread('long', function* () {
    for (let i = 0; i < length; i++) yield* step()
  })
  p.thread('short', () => other())
  return new Space(p)
}

/** How often the short thread comes last. */
function lastRate(space: Space, strategy: Strategy): number {
  const runner = new Runner()
  let last = 0
  for (let i = 0; i < RUNS; i++) {
    const { steps } = runner.run(space, strategy)
    if (space.actor(runner.schedule[steps - 1]) === 1) last++
  }
  return last / RUNS
}

const x = (): number => 0
const y = (): number => 1

describe('a step that waits, with four steps of another thread before it', () => {
  it('keeps its priority where they have nothing in common: it is the lowest of five in one run of five', () => {
    expect(lastRate(race(4, { writes: y }, { writes: x }), pos(1))).toBeCloseTo(1 / 5, 1.5)
  })

  it('keeps it where they only read the same word', () => {
    expect(lastRate(race(4, { reads: x }, { reads: x }), pos(2))).toBeCloseTo(1 / 5, 1.5)
  })

  it('draws it anew at each of them where they write the word that it reads: it loses four times in a row', () => {
    expect(lastRate(race(4, { writes: x }, { reads: x }), pos(3))).toBeCloseTo(1 / 16, 1.5)
  })

  it('and where nothing is said of what they touch', () => {
    expect(lastRate(race(4, {}, { reads: x }), pos(4))).toBeCloseTo(1 / 16, 1.5)
  })
})
