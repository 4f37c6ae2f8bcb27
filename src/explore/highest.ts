/** The pick of strategies that give priorities to actors. */
import type { Random } from '../engine/random.ts'
import type { System } from '../engine/system.ts'

/**
 * Which of `enabled[0 .. count-1]` belongs to the actor of highest priority: its index. Among several transitions that
 * have it, such as an interrupt and the next step of one actor, the pick is uniform.
 */
export function highest(
  enabled: Int32Array,
  count: number,
  system: System,
  priority: Int32Array,
  random: Random,
): number {
  let best = 0
  let same = 1
  let reigning = priority[system.actor(enabled[0])]
  for (let i = 1; i < count; i++) {
    const challenger = priority[system.actor(enabled[i])]
    if (challenger > reigning) {
      best = i
      same = 1
      reigning = challenger
    } else if (challenger === reigning && random.below(++same) === 0) best = i
  }
  return best
}
