/** Every example sees what its rule says on a machine that is whole, and something else on its mutant. */
import { describe, expect, it } from 'vitest'
import { nativeIpi } from '../../src/policies/index.ts'
import { quiet } from '../explore/quiet.ts'
import { firstViolation } from './broken-world.ts'
import { examples, seenBy } from './examples.ts'

describe.each(examples)('$rule', (example) => {
  it('on a machine that is whole', () => {
    expect(seenBy(example)).toBe(example.sees)
  })

  it(`and the example tells where not: ${example.mutant}`, () => {
    expect(seenBy(example, example.breakage)).not.toBe(example.sees)
  })

  const bounds = quiet({ groups: [[2, 3]], preemptions: 0 })
  it(
    example.survives ? 'though verification does not see it (known limit)' : 'and verification sees it too',
    () => {
      const violation = firstViolation({ policy: nativeIpi, bounds }, example.breakage)
      if (example.survives) expect(violation).toBeUndefined()
      else expect(violation).toBeDefined()
    },
  )
})
