/** What is given back must have been taken, by the CPU that gives it back; anything else is named at once. */
import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'
import { CONFIRM_PIN, RELEASE_PIN, TRY_GET } from '../../src/machine/frames.ts'
import { program, programs, type Program } from './drive.ts'

const setup = { machine: { pages: [2, 3] } }
const P2 = program(function* () {}, setup).frame('P2')

const sentence = (...codes: readonly Program[]): string => {
  try {
    const d = programs(codes, setup)
    codes.forEach((_, cpu) => d.finish(cpu))
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ShootdownError)
    return (thrown as Error).message
  }
  return 'nothing'
}

describe('a section of RCU', () => {
  it('cannot be left by a CPU that is in none', () => {
    expect(sentence((cpu) => cpu.rcuReadUnlock())).toBe(
      'CPU0 asked for "rcu_read_unlock", but is in no section of rcu_read_lock. What is taken is given back once, by the CPU that took it.',
    )
  })

  it('cannot be left twice, or by another CPU', () => {
    const once: Program = function* (cpu) {
      yield* cpu.rcuReadLock()
      yield* cpu.rcuReadUnlock()
    }
    const twice: Program = function* (cpu) {
      yield* once(cpu)
      yield* cpu.rcuReadUnlock()
    }
    expect(sentence(once)).toBe('nothing')
    expect(sentence(twice)).toContain('CPU0 asked for "rcu_read_unlock"')
    expect(
      sentence(
        (cpu) => cpu.rcuReadLock(),
        (cpu) => cpu.rcuReadUnlock(),
      ),
    ).toContain('CPU1 asked for')
  })

  it('has no more than seven within each other', () => {
    const deep = (sections: number): Program =>
      function* (cpu) {
        for (let i = 0; i < sections; i++) yield* cpu.rcuReadLock()
      }
    expect(sentence(deep(7))).toBe('nothing')
    expect(sentence(deep(8))).toContain('"rcu_read_lock", but is in 7 sections of it already')
  })
})

describe('a lock', () => {
  it('cannot be released by a CPU that does not hold it', () => {
    expect(sentence((cpu) => cpu.unlock(cpu.kernel.lock[0]))).toContain(
      'CPU0 asked for "unlock mmap_lock", but nobody holds it.',
    )
    expect(
      sentence(
        (cpu) => cpu.lock(cpu.kernel.lock[0]),
        function* (cpu) {
          yield* cpu.invlpg(1)
          yield* cpu.unlock(cpu.kernel.lock[0])
        },
      ),
    ).toContain('CPU1 asked for "unlock mmap_lock", but CPU0 holds it.')
  })

  it('is a word that has room for the number of every CPU', () => {
    expect(sentence((cpu) => cpu.lock({ ...cpu.kernel.lazy[0] }))).toBe('nothing')
    expect(
      sentence(
        function* () {},
        (cpu) => cpu.lock(cpu.kernel.lazy[0]),
      ),
    ).toContain('"is_lazy" was set to 2')
  })
})

describe('a pin', () => {
  it('cannot be released where nobody has one: a reference that somebody else took would go', () => {
    const pinned = function* (pins: number, releases: number) {
      for (let i = 0; i < pins; i++) {
        yield* perform(TRY_GET, P2)
        yield* perform(CONFIRM_PIN, P2)
      }
      for (let i = 0; i < releases; i++) yield* perform(RELEASE_PIN, P2)
    }
    expect(sentence(() => pinned(2, 2))).toBe('nothing')
    expect(sentence(() => pinned(1, 2))).toContain('"release pin of P2", but nobody has a pin of it')
  })
})
