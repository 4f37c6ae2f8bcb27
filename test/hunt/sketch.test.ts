/** A sketch counts different things, whatever their number, within some percent. */
import { expect, it } from 'vitest'
import { Sketch } from '../../src/hunt/sketch.ts'

/** Three standard errors of 1.6 %. */
const within = 0.049

it.each([1, 2, 5, 40, 300, 2500, 6000, 12_000, 50_000, 400_000])('counts %i different things', (count) => {
  const sketch = new Sketch()
  for (let i = 0; i < count; i++) sketch.add(`[["thing ${i}"]]`)
  expect(Math.abs(sketch.count - count)).toBeLessThanOrEqual(Math.ceil(within * count))
})

it('counts a thing once, however often it comes', () => {
  const sketch = new Sketch()
  for (let i = 0; i < 10_000; i++) sketch.add(`${i % 100}`)
  expect(Math.abs(sketch.count - 100)).toBeLessThanOrEqual(5)
})

it('is of nothing when it is new', () => {
  expect(new Sketch().count).toBe(0)
})

it('goes on where it was written down', () => {
  const [one, whole] = [new Sketch(), new Sketch()]
  for (let i = 0; i < 1000; i++) {
    one.add(`${i}`)
    whole.add(`${i}`)
  }
  const again = Sketch.read(one.write())
  for (let i = 500; i < 2000; i++) {
    again.add(`${i}`)
    whole.add(`${i}`)
  }
  expect(again.write()).toBe(whole.write())
})
