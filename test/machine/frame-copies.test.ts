import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { ALLOCATE, CONFIRM_PIN, COPY, PUT, RELEASE_PIN, TRY_GET } from '../../src/machine/frames.ts'
import { DATA, DIRTY, SUPERSEDED } from '../../src/machine/frame-word.ts'
import { program, type Drive, type Program } from './drive.ts'

const setup = { machine: { pages: [2, 3] } }
/** Frames of a machine with pages 2 and 3, which fill one table: their numbers are those of their names. */
const named = program(function* () {}, setup)
const [P2, P3, H1] = ['P2', 'P3', 'H1'].map((name) => named.frame(name))

const run = (code: Program): Drive => {
  const d = program(code, setup)
  d.finish(0)
  return d
}

describe('pins', () => {
  it('stand until they are released, which drops their reference', () => {
    const pinned: Program = function* () {
      yield* perform(TRY_GET, P2)
      yield* perform(CONFIRM_PIN, P2)
    }
    const d = run(pinned)
    expect([d.pins('P2') > 0, d.references('P2')]).toEqual([true, 2])
    const released = run(function* (cpu) {
      yield* pinned(cpu)
      yield* perform(RELEASE_PIN, P2)
    })
    expect([released.pins('P2'), released.references('P2'), released.kind('P2')]).toEqual([0, 1, DATA])
  })

  it('keep a page that was unmapped until the last of them goes', () => {
    const d = run(function* () {
      yield* perform(TRY_GET, P2)
      yield* perform(CONFIRM_PIN, P2)
      yield* perform(PUT, P2)
    })
    expect([d.kind('P2'), d.references('P2')]).toEqual([DATA, 1])
  })
})

describe('a copy', () => {
  it('takes the place of the page, and carries dirtiness over', () => {
    const d = run(function* (cpu) {
      yield* cpu.access(2, 'write')
      yield* perform(ALLOCATE, H1)
      yield* perform(COPY, H1, P3)
      yield* perform(COPY, H1, P2)
    })
    expect(d.frameBits('P2', SUPERSEDED)).toBe(SUPERSEDED)
    expect(d.frameBits('H1', DIRTY | SUPERSEDED)).toBe(DIRTY)
    expect(d.world.witnessed).toContain('collapse-copied')
  })

  it('of a clean page leaves its target clean', () => {
    const d = run(function* () {
      yield* perform(ALLOCATE, H1)
      yield* perform(COPY, H1, P2)
    })
    expect(d.frameBits('H1', DIRTY)).toBe(0)
  })

  it('may not be made under a pin, and a store to what was copied comes too late', () => {
    const underPin = run(function* () {
      yield* perform(TRY_GET, P2)
      yield* perform(CONFIRM_PIN, P2)
      yield* perform(COPY, H1, P2)
    })
    expect(underPin.violation).toBe('pinned-page')
    const late = run(function* (cpu) {
      yield* perform(COPY, H1, P2)
      yield* cpu.access(2, 'write')
    })
    expect(late.violation).toBe('lost-write')
    const reading = run(function* (cpu) {
      yield* perform(COPY, H1, P2)
      yield* cpu.access(2, 'read')
    })
    expect(reading.violation).toBeUndefined()
  })
})

describe('giving back a page that was stored to', () => {
  it('needs somebody to know that it is dirty', () => {
    const silent = run(function* (cpu) {
      yield* cpu.access(2, 'write')
      yield* perform(PUT, P2)
    })
    expect(silent.violation).toBe('dirty-bit')
    const clean = run(function* (cpu) {
      yield* cpu.access(2, 'read')
      yield* perform(PUT, P2)
    })
    expect(clean.violation).toBeUndefined()
  })
})
