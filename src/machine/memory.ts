/**
 * Words of memory that are not page tables: kernel variables and the policy's own. Every load and store of code under
 * test goes through here: loads and stores by way of the store buffer, locked operations on memory itself, once the
 * buffer is empty.
 */
import { fail } from '../errors.ts'
import { defineOp } from '../engine/step.ts'
import type { Machine } from './machine.ts'
import type { Execute } from './semantics.ts'

const was = (result: number | undefined): string => (result === undefined ? '' : ` (was ${result})`)
const arrow = (result: number | undefined): string => (result === undefined ? '' : ` -> ${result}`)

export const LOAD = defineOp('load', 0, (a, _b, _c, n, r) => `load ${n.word(a)}${arrow(r)}`)
export const STORE = defineOp('store', 1, (a, b, _c, n) => `${n.word(a)} = ${b}`)
export const XCHG = defineOp('xchg', 0, (a, b, _c, n, r) => `xchg ${n.word(a)}, ${b}${was(r)}`)
/** Results in the old value. */
export const CMPXCHG = defineOp(
  'cmpxchg',
  0,
  (a, b, c, n, r) => `cmpxchg ${n.word(a)}, ${b} to ${c}${was(r)}`,
)
export const OR = defineOp('or', 0, (a, b, _c, n, r) => `lock or ${n.word(a)}, ${b}${was(r)}`)
export const AND = defineOp('and', 0, (a, b, _c, n, r) => `lock and ${n.word(a)}, ${b}${was(r)}`)
export const ADD = defineOp('add', 0, (a, b, _c, n, r) => `lock add ${n.word(a)}, ${b}${was(r)}`)
/** MFENCE: done once every older store of this CPU is visible to all. */
export const MFENCE = defineOp('mfence', 1)
/** Waits until (word & mask) equals value: a spin loop without its iterations. */
export const UNTIL = defineOp(
  'until',
  1,
  (a, b, c, n) => `wait until ${n.word(a)}${b === -1 ? '' : ` & ${b}`} = ${c}`,
)
/** A choice that nobody in the machine makes: an allocation that may fail, say. Results in 0 .. a-1. */
export const CHOOSE = defineOp('choose', 0, (a, _b, _c, _n, r) => `choose 1 of ${a}${arrow(r)}`)
/** Outcomes that a CHOOSE can have, at most: a transition has room for so many. */
export const MAX_CHOICES = 256
/** CHOOSE of two for an allocation that must not sleep: 0 is success. */
export const TRY_ALLOCATE = defineOp(
  'try to allocate',
  2,
  (_a, _b, _c, _n, r) =>
    `allocate a page (GFP_NOWAIT)${r === undefined ? '' : r === 0 ? ': done' : ': failed'}`,
)
/** Acquires a lock word; joined with the step behind it. */
export const LOCK = defineOp('lock', 1, (a, _b, _c, n) => `lock ${n.word(a)}`, 'right')
/** Releases a lock word with a plain store; joined with the step before it. */
export const UNLOCK = defineOp('unlock', 1, (a, _b, _c, n) => `unlock ${n.word(a)}`, 'left')

/** Waits until a word that only this CPU fills is empty (csd_lock); joined with the step behind it. */
export const WAIT_FREE = defineOp(
  'wait free',
  1,
  (a, _b, _c, n) => `wait until ${n.word(a)} is free`,
  'right',
)

/** Installs the operations on words. */
export function installMemory(m: Machine): void {
  const { layout } = m
  const largest = new Float64Array(layout.size)
  for (const field of layout.fields) largest.fill(field.max, field.at, field.at + field.length)
  const { buffer } = m
  const check = (word: number, value: number): void => {
    if (value < 0 || value > largest[word])
      throw fail.valueTooLarge(layout.fieldAt(word).name, value, largest[word])
  }
  const swap = (word: number, value: number): number => {
    const old = m.S[word]
    check(word, value)
    m.S[word] = value
    return old
  }
  m.install(LOAD, (v, a) => buffer.read(v, a))
  const store: Execute = (v, a, b) => (check(a, b), buffer.write(v, a, b), 0)
  m.install(STORE, store, undefined, 'room')
  m.installDrained(MFENCE, () => 0)
  m.installDrained(XCHG, (_v, a, b) => swap(a, b))
  m.installDrained(CMPXCHG, (_v, a, b, c) => (m.S[a] === b ? swap(a, c) : m.S[a]))
  m.installDrained(OR, (_v, a, b) => swap(a, m.S[a] | b))
  m.installDrained(AND, (_v, a, b) => swap(a, m.S[a] & b))
  m.installDrained(ADD, (_v, a, b) => swap(a, m.S[a] + b))
  m.install(
    UNTIL,
    () => 0,
    (v, a, b, c) => (buffer.read(v, a) & b) === c,
  )
  m.install(
    WAIT_FREE,
    () => 0,
    (v, a) => buffer.read(v, a) === 0,
  )
  m.install(CHOOSE, () => m.alternative)
  m.install(TRY_ALLOCATE, () => m.alternative)
  m.installDrained(
    LOCK,
    (v, a) => (swap(a, v + 1), 0),
    (_v, a) => m.S[a] === 0,
  )
  const unlock: Execute = (v, a) => {
    const owner = buffer.read(v, a)
    if (owner !== v + 1) {
      const holder = owner === 0 ? 'nobody holds it' : `CPU${owner - 1} holds it`
      throw fail.unbalanced(v, `${UNLOCK.name} ${layout.fieldAt(a).name}`, holder)
    }
    return store(v, a, 0, 0)
  }
  m.install(UNLOCK, unlock, undefined, 'room')
}
