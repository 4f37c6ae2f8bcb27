import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Layout, bitsFor } from '../../src/engine/layout.ts'

describe('the layout of a state', () => {
  it('gives every field words of its own, one after the other', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ length: fc.nat(5), max: fc.nat() }), { maxLength: 20 }), (wanted) => {
        const layout = new Layout()
        let end = 0
        wanted.forEach(({ length, max }, i) => {
          expect(layout.add(`field ${i}`, length, max)).toBe(end)
          end += length
          expect(layout.size).toBe(end)
        })
        wanted.forEach(({ length }, i) => {
          expect(layout.fields.some(({ name }) => name === `field ${i}`)).toBe(length > 0)
        })
        for (let word = 0; word < layout.size; word++) {
          const field = layout.fieldAt(word)
          expect(word).toBeGreaterThanOrEqual(field.at)
          expect(word).toBeLessThan(field.at + field.length)
        }
      }),
    )
  })

  it('knows which words hold control states', () => {
    const layout = new Layout()
    layout.add('plain', 1, 3)
    const at = layout.addControl('control', 2)
    expect(layout.fieldAt(at)).toMatchObject({ control: true, length: 2 })
    expect(layout.fieldAt(0)).toMatchObject({ control: false, max: 3 })
  })

  it('refuses a largest value that no word can hold, and says which field', () => {
    for (const max of [-1, 0.5, NaN, 0x80000000, Infinity]) {
      expect(() => new Layout().add('counter', 1, max)).toThrow('max of "counter" is')
    }
    expect(() => new Layout().add('counter', 1, 0x7fffffff)).not.toThrow()
  })

  it('has nothing beyond its end', () => {
    const layout = new Layout()
    layout.add('a', 2, 1)
    expect(() => layout.fieldAt(2)).toThrow('no field at word 2')
  })
})

describe('bits for a value', () => {
  it('are enough, and not one too many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffffff }), (max) => {
        const bits = bitsFor(max)
        expect(2 ** bits).toBeGreaterThan(max)
        expect(2 ** (bits - 1)).toBeLessThanOrEqual(max)
      }),
    )
    expect(bitsFor(0)).toBe(0)
  })
})
