/** Feedback: what it learns, what it keeps, and that the number of threads is no matter to it. */
import { describe, expect, it } from 'vitest'
import { reorder } from '../../bench/calibration/reorder.ts'
import { twostage } from '../../bench/calibration/twostage.ts'
import type { Program } from '../../bench/calibration/program.ts'
import { reads, writes } from '../../src/engine/footprint.ts'
import { Random } from '../../src/engine/random.ts'
import { Archive, MAX_HOLDS } from '../../src/explore/archive.ts'
import { feedback } from '../../src/explore/feedback.ts'
import { MAX_PLACES, Places } from '../../src/explore/places.ts'
import { Rivals } from '../../src/explore/rivals.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { Space } from '../../src/protocol/index.ts'

/** Runs to the first bug, the mean of forty trials. */
function mean(program: Program, make: (seed: number) => Strategy): number {
  const space = new Space(program.build())
  let total = 0
  for (let trial = 1; trial <= 40; trial++) {
    const strategy = make(trial)
    const runner = new Runner()
    do total++
    while (runner.run(space, strategy).violation === undefined)
  }
  return total / 40
}

describe('feedback', () => {
  it.each([
    ['reorder_N', reorder],
    ['twostage_N', twostage],
  ])('needs about as many schedules for forty threads as for five: %s', (_, program) => {
    expect(mean(program(5), feedback)).toBeLessThan(20)
    expect(mean(program(40), feedback)).toBeLessThan(20)
  })
})

describe('places', () => {
  it('are the same where statement and position are, and differ otherwise', () => {
    const places = new Places()
    const first = places.at(7, 3)
    const others = [places.at(7, 4), places.at(8, 3), places.at(3, 7), places.at(-1, 0), places.at(0, 0)]
    expect(new Set([first, ...others]).size).toBe(6)
    expect(places.at(7, 3)).toBe(first)
  })

  it('are forgotten together', () => {
    const places = new Places()
    const first = places.at(1, 1)
    places.at(1, 2)
    places.clear()
    expect(places.at(5, 5)).toBe(first)
  })

  it('are all one once there are too many', () => {
    const places = new Places()
    for (let i = 0; i < 2 * MAX_PLACES; i++) expect(places.at(i, 0)).toBeLessThan(MAX_PLACES)
    expect(places.at(3 * MAX_PLACES, 0)).toBe(0)
    expect(places.at(10, 0)).toBeGreaterThan(0)
  })
})

describe('rivals', () => {
  const drawn = (rivals: Rivals): Set<number> => {
    const random = new Random(1)
    return new Set(Array.from({ length: 300 }, () => rivals.draw(random)))
  }

  it('are places that raced, and those whose word is shared and written', () => {
    const rivals = new Rivals()
    rivals.clear(10)
    expect(rivals.some).toBe(false)
    rivals.touch(0, 1, reads(4))
    rivals.touch(1, 2, reads(4))
    rivals.touch(0, 3, writes(5))
    expect(rivals.some).toBe(false)
    rivals.touch(0, 4, writes(4))
    expect(drawn(rivals)).toEqual(new Set([4]))
    rivals.race(7, 8)
    expect(drawn(rivals)).toEqual(new Set([4, 7, 8]))
  })

  it('are drawn from those that raced four times of five', () => {
    const rivals = new Rivals()
    rivals.clear(10)
    rivals.race(7, 8)
    rivals.touch(0, 1, writes(4))
    rivals.touch(1, 2, writes(4))
    const random = new Random(1)
    const second = Array.from({ length: 2000 }, () => rivals.draw(random)).filter((place) => place === 2)
    expect(second.length / 2000).toBeCloseTo(1 / 5, 1)
  })

  it('are forgotten with the system', () => {
    const rivals = new Rivals()
    rivals.clear(10)
    rivals.race(7, 8)
    rivals.clear(10)
    expect(rivals.some).toBe(false)
    rivals.race(9, 9)
    expect(drawn(rivals)).toEqual(new Set([9]))
  })
})

describe('the archive', () => {
  it('says of each abstract state once that it is new', () => {
    const archive = new Archive()
    expect([5, 900, 5, 900, -3, -3].map((state) => archive.isNew(state))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ])
    archive.clear()
    expect(archive.isNew(5)).toBe(true)
  })

  it('takes all for known once it is half full, and does not hang', () => {
    const archive = new Archive()
    let fresh = 0
    for (let i = 0; i < 200_000; i++) if (archive.isNew(i * 2 + 1)) fresh++
    expect(fresh).toBe(1 << 15)
  })

  it('hands out copies of what was kept, the last 64', () => {
    const archive = new Archive()
    const plan = new Int32Array(MAX_HOLDS)
    for (let i = 1; i <= 100; i++) {
      plan[0] = i
      archive.keep(plan, 1)
    }
    expect(archive.size).toBe(64)
    const random = new Random(2)
    const drawn = new Set<number>()
    for (let i = 0; i < 2000; i++) {
      expect(archive.draw(random, plan)).toBe(1)
      drawn.add(plan[0])
      plan[0] = -1
    }
    expect(Math.min(...drawn)).toBe(37)
    expect(drawn.size).toBe(64)
  })
})
