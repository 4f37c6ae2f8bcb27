/** Every broken rule of the hardware is caught by a fact, a litmus program, or a policy that is not safe any more. */
import { describe, expect, it } from 'vitest'
import { caught, programs } from './catchers.ts'
import { some } from '../thorough.ts'
import { rules } from './rules/index.ts'
import type { BrokenRule } from './rules/rule.ts'

describe.each(Object.entries(rules))(
  'a machine with a broken rule of %s is told from a whole one:',
  (_, broken) => {
    it.each(some<BrokenRule>(broken, 4))('$name', (rule) => {
      expect(caught(rule)).toBeDefined()
    })
  },
)

describe('what tells them apart', () => {
  it.each(programs)('says nothing of a machine that is whole: $name', ({ wrong }) => {
    expect(wrong()).toBeUndefined()
  })

  it('is asked of 150 broken rules or more, each with a name of its own', () => {
    const names = Object.values(rules).flatMap((broken) => broken.map(({ name }) => name))
    expect(names.length).toBeGreaterThanOrEqual(150)
    expect(new Set(names).size).toBe(names.length)
  })
})
