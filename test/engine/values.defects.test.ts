/** Values that do not fit where they are kept; each is reported with what happens and what should. */
import { describe, expect, it } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import { defineOp, perform } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { program, programs } from '../machine/drive.ts'

const ASK = defineOp('ask', 0)

describe('an argument of more than 32 bits', () => {
  it('is not cut off: it is refused', () => {
    const co = new Coroutines()
    expect(() =>
      co.root('p', function* () {
        yield* perform(ASK, 2 ** 32 + 1)
      }),
    ).toThrow(ShootdownError)
  })

  it('is too large for a word that holds 0 to 5', () => {
    const policy = definePolicy({
      name: 'words',
      summary: 'x',
      shared: { x: variable({ max: 5 }) },
      *flush() {},
    })
    expect(() => {
      program((cpu) => cpu.store(cpu.shared.x.of(), 2 ** 32 + 1), { policy }).finish(0)
    }).toThrow(ShootdownError)
  })
})

describe('a returned value that is no whole number', () => {
  it.each([['text'], [1.5], [NaN], [{}], [2 ** 32]])('is named, as an argument is: %o', (value) => {
    expect(() =>
      new Coroutines().root('gather', function* () {
        return value as never
      }),
    ).toThrow(ShootdownError)
  })
})

describe('choices of several CPUs at once', () => {
  // Each may have 256 outcomes, but all transitions together have room for 512.
  it.fails('are all there', () => {
    const d = programs([0, 1, 2].map(() => (cpu) => cpu.choose(256)))
    expect(d.names().filter((name) => name.startsWith('cpu2'))).toHaveLength(256)
  })
})

describe('rcu_read_unlock without rcu_read_lock', () => {
  // The count goes below 0: the CPU is a reader for ever, and a stored state loses the word without a sound.
  it.fails('is named', () => {
    expect(() => program((cpu) => cpu.rcuReadUnlock()).finish(0)).toThrow(ShootdownError)
  })
})
