/**
 * Means of breaking a rule of a world before anything runs: an installed operation does something else, waits for
 * something else or reads something else; a transition is withheld, or has another effect. Only {@link readEntry} knows
 * how a step of the page walk is encoded.
 */
import { opTable } from '../../src/engine/step.ts'
import type { Breakage } from '../../src/experiment/options.ts'
import type { Machine } from '../../src/machine/machine.ts'
import type { Execute, Guard } from '../../src/machine/semantics.ts'
import { levelOf } from '../../src/machine/walk-stage.ts'
import { kindOf } from '../../src/scenario/transition.ts'
import type { World } from '../../src/scenario/world.ts'

export type { Breakage }

const codeOf = (name: string): number => {
  const op = opTable().find((each) => each.name === name)
  if (op === undefined) throw new Error(`there is no operation "${name}"`)
  return op.code
}

/** The operation does something else; what it did before is handed over. */
export const instead =
  (name: string, make: (before: Execute, machine: Machine) => Execute): Breakage =>
  ({ machine }) => {
    const code = codeOf(name)
    machine.execute[code] = make(machine.execute[code], machine)
  }

/** The operation does nothing. */
export const nothing = (name: string): Breakage => instead(name, () => () => 0)

/** The operation waits for something else, or for nothing. */
export const waitsFor =
  (name: string, guard: (machine: Machine) => Guard = () => () => true): Breakage =>
  ({ machine }) =>
    void (machine.guards[codeOf(name)] = guard(machine))

/** The operation does not wait for its CPU's older stores, and leaves them in the buffer. */
export const undrained = (...names: readonly string[]): Breakage =>
  both(...names.map((name) => waitsFor(name)))

/** The operation waits for its CPU's older stores. */
export const drained = (name: string): Breakage =>
  waitsFor(
    name,
    ({ buffer }) =>
      (v) =>
        buffer.isEmpty(v),
  )

/** Several breakages at once. */
export const both =
  (...all: readonly Breakage[]): Breakage =>
  (world) =>
    all.forEach((each) => each(world))

/** Runs what is done with some words of the state put aside and back. */
export function keeping(machine: Machine, words: readonly number[], action: () => number): number {
  const kept = words.map((at) => machine.S[at])
  const result = action()
  words.forEach((at, i) => (machine.S[at] = kept[i]))
  return result
}

/** Words of a field, all of them; none where the machine has no such field. */
export function wordsOf(machine: Machine, name: string): number[] {
  const fields = machine.layout.fields.filter((field) => field.name === name)
  return fields.flatMap(({ at, length }) => Array.from({ length }, (_, i) => at + i))
}

/** The operation is done, but these words stay what they were. */
export const sparing = (name: string, ...fields: readonly string[]): Breakage =>
  instead(name, (before, m) => {
    const words = fields.flatMap((field) => wordsOf(m, field))
    return (...args) => keeping(m, words, () => before(...args))
  })

/** The operation is done, but those words of a field stay what they were of which this is true. */
export const sparingThose = (name: string, field: string, which: (word: number) => boolean): Breakage =>
  instead(name, (before, m) => {
    const words = wordsOf(m, field)
    return (...args) => {
      const spared = words.filter((at) => which(m.S[at]))
      return keeping(m, spared, () => before(...args))
    }
  })

/** The operation drops those words of a field as well of which this is true. */
export const alsoDropping = (name: string, field: string, which: (word: number) => boolean): Breakage =>
  instead(name, (before, m) => {
    const words = wordsOf(m, field)
    return (...args) => {
      const result = before(...args)
      for (const at of words) if (which(m.S[at])) m.S[at] = 0
      return result
    }
  })

/** What a step of the page walk reads. */
interface Reading {
  readonly at: number
  readonly level: number
  readonly page: number
}

export function readEntry(m: Machine, a: number, b: number, c: number): Reading {
  const level = levelOf(b) || 1
  const page = c & 63
  return { at: m.entryAt(a, level, page), level, page }
}

/** The page walk takes entries for something else than they are; A and D are set in them all the same. */
export const misreading = (read: (word: number, what: Reading, v: number, m: Machine) => number): Breakage =>
  instead('walk', (before, m) => (v, a, b, c) => {
    const what = readEntry(m, a, b, c)
    const was = m.S[what.at]
    const seen = read(was, what, v, m)
    m.S[what.at] = seen
    const result = before(v, a, b, c)
    m.S[what.at] = was | (m.S[what.at] & ~seen)
    return result
  })

/** The page walk leaves something else in an entry than it should: `now` is what it should, `was` what was there. */
export const mismarking = (
  mark: (was: number, now: number, level: number, result: number) => number,
): Breakage =>
  instead('walk', (before, m) => (v, a, b, c) => {
    const { at, level } = readEntry(m, a, b, c)
    const was = m.S[at]
    const result = before(v, a, b, c)
    m.S[at] = mark(was, m.S[at], level, result)
    return result
  })

/** Transitions of which this is true do not happen. */
export const withholding =
  (which: (t: number, world: World) => boolean): Breakage =>
  (world) => {
    const before = world.enabled.bind(world)
    world.enabled = (out) => {
      const count = before(out)
      const ofCode = world.progress
      let kept = 0
      for (let i = 0; i < count; i++) {
        if (which(out[i], world)) world.progress -= i < ofCode ? 1 : 0
        else out[kept++] = out[i]
      }
      return kept
    }
  }

/** Transitions of a kind have another effect; `before` is what they did. */
export const applying =
  (kind: number, effect: (t: number, before: () => void, world: World) => void): Breakage =>
  (world) => {
    const before = world.apply.bind(world)
    world.apply = (t) => (kindOf(t) === kind ? effect(t, () => before(t), world) : before(t))
  }
