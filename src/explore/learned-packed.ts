/** What was learned of a system, for states as a packer packs them. */
import { wasObserved } from '../engine/experience.ts'
import { insideOf } from '../engine/inside.ts'
import { Learned } from '../engine/learned.ts'
import type { Packer } from '../engine/pack.ts'
import type { System } from '../engine/system.ts'

/**
 * What transitions do is learned once searches of a system have gone through so many states. Shorter ones have little to
 * win, and code that was observed is slower from then on (the compiler no longer knows that what it looks at is an array
 * of integers), so it pays earlier once anything was observed in this process.
 */
const STATES_BEFORE_LEARNING = 10_000
const STATES_ONCE_OBSERVED = 2000

/** What was learned for a packer, of the system that it packs states of. */
const all = new WeakMap<Packer, Learned>()

/**
 * What is known of a system's transitions, once that pays. Asked for every state that a search goes through; `after`: so
 * many of them, in all searches of the system, go without it.
 */
export function learnedFor(system: System, packer: Packer, after?: number): Learned | undefined {
  const inside = insideOf(system)
  if (inside === undefined || system.sufficient !== undefined || after === Infinity) return undefined
  const { experience } = inside
  const enough = after ?? (wasObserved() ? STATES_ONCE_OBSERVED : STATES_BEFORE_LEARNING)
  if (experience.lessons.length === 0 && experience.states++ < enough) return undefined
  experience.forget()
  let learned = all.get(packer)
  if (learned?.inside !== inside || learned.isOver) {
    learned = new Learned(system, inside, packer, (packed) => packer.unpack(packed, system.state))
    all.set(packer, learned)
  }
  learned.begin()
  return learned
}

/** Room for a packed state of a system, with what is given behind it. */
export function packedWithGiven(system: System, packer: Packer): Int32Array {
  const inside = insideOf(system)
  if (inside === undefined) return new Int32Array(packer.size)
  const packed = new Int32Array(packer.size + inside.words.length - inside.size)
  packed.set(inside.words.subarray(inside.size), packer.size)
  return packed
}
