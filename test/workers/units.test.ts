/** Which units are handed out: each once, lowest first, and those that came back undone before all others. */
import { expect, it } from 'vitest'
import { Units } from '../../src/workers/units.ts'

it('units are handed out once each, in their order, as long as there are some', () => {
  const units = new Units(3, (unit) => unit < 9)
  expect([units.take(4, 3), units.take(4, 3), units.take(4, 3)]).toEqual([
    { from: 3, to: 7 },
    { from: 7, to: 9 },
    undefined,
  ])
})

it('what comes back undone is handed out first, the lowest before the others', () => {
  const units = new Units(0, () => true)
  units.take(10, 0)
  units.giveBack({ from: 7, to: 10 })
  units.giveBack({ from: 2, to: 5 })
  units.giveBack({ from: 6, to: 6 })
  expect([units.take(2, 0), units.take(2, 0), units.take(9, 0), units.take(1, 0)]).toEqual([
    { from: 2, to: 4 },
    { from: 4, to: 5 },
    { from: 7, to: 10 },
    { from: 10, to: 11 },
  ])
})

it('nothing is handed out behind the unit that ends the work', () => {
  const units = new Units(0, () => true)
  units.take(4, 0)
  units.endBehind(5)
  units.endBehind(8)
  units.giveBack({ from: 3, to: 4 })
  expect([units.take(9, 0), units.take(9, 0), units.take(9, 0)]).toEqual([
    { from: 3, to: 4 },
    { from: 4, to: 6 },
    undefined,
  ])
  units.giveBack({ from: 6, to: 9 })
  expect(units.take(9, 0)).toBe(undefined)
})

it('nobody gets so far ahead that results pile up', () => {
  const units = new Units(0, () => true)
  expect(units.take(20_000, 0)).toEqual({ from: 0, to: 10_000 })
  expect(units.take(1, 0)).toBe(undefined)
  expect(units.take(20_000, 5)).toEqual({ from: 10_000, to: 10_005 })
})
