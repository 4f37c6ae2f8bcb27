/**
 * SURW: Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing" (ASPLOS 2025). All interleavings
 * of the interesting steps of a run are equally likely: who takes the next interesting step is decided before it comes,
 * each actor in proportion to the interesting steps that it has left, and until that actor has come to it the others are
 * held at theirs. What else there is to do is done in random order. The interesting steps are those on one shared
 * word, drawn anew for every run.
 *
 * Where it differs: how many steps each actor takes on each word is not profiled beforehand but taken from the last run;
 * words that only one actor touches, or nobody writes, are not drawn. Steps that touch everything count as one word.
 */
import { EVERYTHING, NOTHING, isWrite, wordOf } from '../engine/footprint.ts'
import { Random } from '../engine/random.ts'
import type { System } from '../engine/system.ts'
import { Beginning } from './beginning.ts'
import type { Strategy } from './strategy.ts'

const NOBODY = -1

export function surw(seed: number): Strategy {
  const random = new Random(seed)
  const beginning = new Beginning()
  let actors = 0
  let words = 0
  /** By word and actor: steps in this run, and in the last one. The last word stands for everything. */
  let now = new Int32Array(0)
  let before = new Int32Array(0)
  /** Words that somebody has written. */
  let written = new Uint8Array(0)
  /** Interesting steps that each actor has left. */
  let left = new Int32Array(0)
  let word = NOBODY
  let intended = NOBODY

  const start = (system: System): void => {
    actors = system.actors
    words = system.state.length + 1
    now = new Int32Array(words * actors)
    before = new Int32Array(words * actors)
    written = new Uint8Array(words)
    left = new Int32Array(actors)
  }
  /** The word that a transition touches, or -1. */
  const touched = (transition: number, system: System): number => {
    const footprint = system.footprint?.(transition) ?? EVERYTHING
    return footprint === EVERYTHING ? words - 1 : footprint === NOTHING ? NOBODY : wordOf(footprint)
  }
  const isShared = (candidate: number): boolean => {
    let users = 0
    for (let actor = 0; actor < actors; actor++) if (before[candidate * actors + actor] > 0) users++
    return users > 1 && written[candidate] === 1
  }
  /** Draws the actor of the next interesting step. */
  const intend = (): void => {
    let total = 0
    for (let actor = 0; actor < actors; actor++) total += left[actor]
    let at = total === 0 ? 0 : random.below(total)
    intended = NOBODY
    for (let actor = 0; actor < actors && total > 0; actor++) {
      at -= left[actor]
      if (at < 0) {
        intended = actor
        return
      }
    }
  }
  return {
    name: 'surw',
    begin(system) {
      if (beginning.isNew(system)) start(system)
      const last = before
      before = now
      now = last.fill(0)
      let candidates = 0
      word = NOBODY
      for (let each = 0; each < words; each++)
        if (isShared(each) && random.below(++candidates) === 0) word = each
      for (let actor = 0; actor < actors; actor++)
        left[actor] = word === NOBODY ? 0 : before[word * actors + actor]
      intend()
    },
    choose(enabled, count, system) {
      let free = 0
      let picked = NOBODY
      for (let i = 0; i < count; i++) {
        const isHeld =
          intended !== NOBODY && system.actor(enabled[i]) !== intended && touched(enabled[i], system) === word
        if (!isHeld && random.below(++free) === 0) picked = i
      }
      // The intended actor waits for one that is held, or has no such step left.
      if (picked === NOBODY) picked = random.below(count)
      const actor = system.actor(enabled[picked])
      const footprint = system.footprint?.(enabled[picked]) ?? EVERYTHING
      const its = touched(enabled[picked], system)
      if (its === NOBODY) return picked
      now[its * actors + actor]++
      if (footprint === EVERYTHING || isWrite(footprint)) written[its] = 1
      if (its === word) {
        if (left[actor] > 0) left[actor]--
        intend()
      }
      return picked
    },
    end: () => {},
  }
}
