/** What went wrong is named soon, every time, and not taken for something else. */
import { describe, expect, it } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import { MAX_STEPS } from '../../src/engine/rerun.ts'
import { defineOp, perform, type Code } from '../../src/engine/step.ts'

const ASK = defineOp('ask', 0)

describe('a generator that spins on a result that is not known beforehand', () => {
  it('is named soon: following one more result costs no more than running the history once', () => {
    const co = new Coroutines()
    let asked = 0
    let node = co.root('spin', function* () {
      while ((yield* perform(ASK)) !== 0) asked++
    })
    expect(() => {
      for (let steps = 0; steps <= MAX_STEPS; steps++) node = co.next(node, 1)
    }).toThrow('has not ended after')
    expect(asked).toBeLessThan(MAX_STEPS ** 2)
  })
})

describe('a truth value that a coroutine returns', () => {
  // tryAllocate and isRunning give truth values, and policy files run without a type check: `return yield*
  // cpu.tryAllocate()` in gather is a likely mistake. It may count as 1 or be named, but not turn into 0.
  it('is not taken for nothing', () => {
    const co = new Coroutines()
    let returned: number | string
    try {
      const root = co.root('gather', function* () {
        return true as never
      })
      returned = co.returned(root)
    } catch (thrown) {
      returned = (thrown as Error).message
    }
    expect(returned).not.toBe(0)
  })
})

describe('a mistake that was named once', () => {
  it('is named again when the coroutine is asked for again', () => {
    const co = new Coroutines()
    let outside = 0
    const start = function* (): Code {
      yield* perform(ASK, outside++)
    }
    expect(() => co.root('flush', start)).toThrow('is not deterministic')
    expect(() => co.root('flush', start)).toThrow('is not deterministic')
  })
})
