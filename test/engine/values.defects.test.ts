/** Values that could have no room where they are kept have it, or are refused. */
import { describe, expect, it } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import { defineOp, perform } from '../../src/engine/step.ts'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { ShootdownError } from '../../src/errors.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { program, programs, type Program } from '../machine/drive.ts'

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
  it('are all there, on the largest machine and with all that may happen to it besides', () => {
    const pages = [0, 4, 8, 12, 16, 20, 24, 28]
    const busy = { speculation: 8, eviction: true, migration: true, preemptions: 8 }
    const machine = { vcpus: 6, levels: 5, pages, ...busy }
    const chooses: Program = function* (cpu) {
      for (const page of pages) yield* cpu.access(page, 'read')
      yield* cpu.choose(256)
    }
    const d = programs(
      Array.from({ length: 6 }, () => chooses),
      { machine },
    )
    const chosen = (v: number): number =>
      d.names().filter((name) => name === `cpu${v}` || name.startsWith(`cpu${v} alternative`)).length
    for (let v = 0; v < 6; v++) {
      for (let step = 0; chosen(v) < 256; step++) {
        expect(step).toBeLessThan(200)
        d.go(`cpu${v}`)
      }
    }
    for (let v = 0; v < 6; v++) expect(chosen(v)).toBe(256)
    const evictions = d.names().filter((name) => name.startsWith('evict'))
    expect(evictions.length).toBeGreaterThan(6 * pages.length)
    expect(d.names().length).toBeLessThan(MAX_ENABLED)
  })
})
