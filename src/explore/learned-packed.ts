/** What was learned of a system, for states as a packer packs them. */
import { insideOf } from '../engine/inside.ts'
import { Learned } from '../engine/learned.ts'
import type { Packer } from '../engine/pack.ts'
import type { System } from '../engine/system.ts'

/** After so many states, what transitions do is learned; short searches are over by then. */
const STATES_BEFORE_LEARNING = 2000

/** What was learned for a packer, of the system that it packs states of. */
const all = new WeakMap<Packer, Learned>()

/** What is known of a system's transitions, once that pays; undefined until then, and of one that is not worth it. */
export function learnedFor(system: System, packer: Packer): Learned | undefined {
  const inside = insideOf(system)
  if (inside === undefined || system.sufficient !== undefined) return undefined
  if (inside.experience.states < STATES_BEFORE_LEARNING) {
    inside.experience.states++
    return undefined
  }
  let learned = all.get(packer)
  if (learned?.inside !== inside) {
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
