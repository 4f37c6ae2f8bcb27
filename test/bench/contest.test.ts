/** Contests leave out who is absent, say so, and give up in time. */
import { afterAll, describe, expect, it } from 'vitest'
import { contest, floorOf, rowsOf, type Contender } from '../../bench/peers/contest.ts'
import { spin } from '../../bench/peers/outside.ts'
import { missingTools } from '../../bench/peers/tools.ts'
import { GaveUp, Workshop, type Taken } from '../../bench/peers/workshop.ts'
import { grow } from '../../bench/growth/sizes.ts'
import { isMet, tellFloor } from '../../bench/report.ts'

const taken = (seconds: number): Taken => ({
  seconds,
  wall: 2 * seconds,
  peak: 1 << 20,
  counts: { states: 100 },
})

describe('a contest', () => {
  const turns: string[] = []
  const contender = (name: string, seconds: number): Contender => ({
    title: name,
    run: () => (turns.push(name), taken(seconds)),
  })
  const contenders: Record<string, Contender> = {
    hare: contender('hare', 1),
    tortoise: contender('tortoise', 4),
    snail: { ...contender('snail', 9), absent: 'it is asleep' },
  }

  it('has those who are present take turns, each round beginning with another', async () => {
    const results = await contest(contenders, 3)
    expect(turns).toEqual(['hare', 'tortoise', 'tortoise', 'hare', 'hare', 'tortoise'])
    expect(rowsOf(contenders, results, ['states']).map((row) => [row['who'], row['states/s']])).toEqual([
      ['hare', 100],
      ['tortoise', 25],
    ])
  })

  it('measures a floor only where everybody whom it compares has taken part', async () => {
    const results = await contest(contenders, 1)
    const floor = { what: 'seconds', atLeast: 2 }
    const quotient = (a: readonly Taken[], b: readonly Taken[]): number => b[0].seconds / a[0].seconds
    const met = floorOf(contenders, results, ['hare', 'tortoise'], floor, quotient)
    const missed = floorOf(contenders, results, ['tortoise', 'hare'], floor, quotient)
    const unknown = floorOf(contenders, results, ['hare', 'snail'], floor, quotient)
    expect([met, missed, unknown].map(isMet)).toEqual([true, false, undefined])
    expect([met, missed, unknown].map(tellFloor)).toEqual([
      'met: seconds 4 (floor: at least 2)',
      'MISSED: seconds 0.250 (floor: at least 2)',
      'not measured: seconds (it is asleep; floor: at least 2)',
    ])
  })
})

describe('growth', () => {
  it('ends with the size at which a way gives up', () => {
    const sizes: number[] = []
    const series = grow(
      'snail',
      (cpus) => {
        sizes.push(cpus)
        if (cpus === 4) throw new GaveUp('more than 1 s')
        return taken(cpus)
      },
      () => {},
    )
    expect(sizes).toEqual([2, 3, 4])
    expect(series.gaveUp).toEqual({ cpus: 4, why: 'more than 1 s' })
    expect(series.points.map(({ seconds }) => seconds)).toEqual([2, 3])
  })

  it('does not take a search of SPIN for whole that has run out of memory', () => {
    const output = 'Warning: Search not completed\n 17 states, stored\n 18 transitions (= stored+matched)\n'
    expect(() => spin.count(output)).toThrow(GaveUp)
    expect(spin.count(output.replace(/.*\n/, ''))).toEqual({ states: 17, transitions: 17 })
  })
})

describe.skipIf(missingTools(['cc']).length > 0)('the stopwatch', () => {
  const shop = new Workshop()
  afterAll(() => shop.close())

  it('ends what takes longer than its limit', () => {
    expect(() => shop.time(['sh', '-c', 'while :; do :; done'], () => ({}), 1)).toThrow(GaveUp)
  })

  it('counts the CPU time and the memory of children too, and passes their output on', () => {
    const child = `node -e 'const end = Date.now() + 200; const room = Buffer.alloc(99e6, 1); while (Date.now() < end); console.log(room.length)'`
    const { seconds, wall, peak, counts } = shop.time(['sh', '-c', `${child}; true`], (output) => ({
      length: Number(output),
    }))
    expect(counts).toEqual({ length: 99e6 })
    expect(seconds).toBeGreaterThan(0.05)
    expect(wall).toBeGreaterThan(0.2)
    expect(peak).toBeGreaterThan(99e6)
  })

  it('says what a command that fails has said', () => {
    expect(() => shop.time(['sh', '-c', 'echo no such luck >&2; exit 3'], () => ({}))).toThrow(
      /status 3:\n\nno such luck/,
    )
  })
})
