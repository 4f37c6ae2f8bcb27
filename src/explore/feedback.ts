/**
 * Feedback: abstract schedules, drawn at random or made from those that reached something new. An abstract schedule is a
 * short list of places in the code. Whoever comes to one of them is held there until nobody else can go on, at the first
 * of the list longest of all; then that place is held no more. Everything else is scheduled as POS does. The places are
 * those where steps of two actors have raced, learned run by run. Few places of a program are such, and actors that
 * run the same code share them: where a priority-based strategy hits a defect of depth d among n actors and k steps
 * about every n k^(d-1) runs, this one does about every c^(d-1), for c places, however many the actors and steps are.
 *
 * What it is compared with is RFF: Wolff, Shi, Duck, Mathur and Roychoudhury, "Greybox fuzzing for concurrency testing"
 * (ASPLOS 2024), whose abstract schedules say which write a read is to read from, and are kept where they showed new
 * such pairs. Where it differs: a schedule says who is to wait and not for whom; what counts as new is an abstract state
 * of the system; those kept are drawn evenly, as most are of equal use.
 */
import { conflict, EVERYTHING } from '../engine/footprint.ts'
import { Random } from '../engine/random.ts'
import { MAX_ENABLED, type System } from '../engine/system.ts'
import { Archive, MAX_HOLDS } from './archive.ts'
import { Beginning } from './beginning.ts'
import { MAX_PLACES, Places } from './places.ts'
import { Rivals } from './rivals.ts'
import type { Strategy } from './strategy.ts'
import { surw } from './surw.ts'

/** One run in so many holds nobody and finds out where actors race: a run of POS and one of SURW in turn. */
const FREE = 3
/** One abstract schedule in so many is made from one that was kept. */
const KEPT = 4

export function feedback(seed: number): Strategy {
  const random = new Random(seed)
  const beginning = new Beginning()
  const places = new Places()
  const rivals = new Rivals()
  const archive = new Archive()
  const uniform = surw(seed)
  /** The abstract schedule of the run, and whether the run has reached anything new. */
  const plan = new Int32Array(MAX_HOLDS)
  let holds = 0
  let reached = false
  /** Whether the run is one of SURW, and whether the next one that holds nobody is. */
  let isUniform = false
  let isNextUniform = false
  /** By place: 0, or how much sooner than the others it is let go of, from -MAX_HOLDS up. */
  const rank = new Int8Array(MAX_PLACES)
  /** By actor: priority of what it would do next, and how many steps it has taken. */
  let priority = new Int32Array(0)
  let position = new Int32Array(0)
  /** Places of the enabled transitions. */
  const placeOf = new Int32Array(MAX_ENABLED)

  const start = (system: System): void => {
    const { actors, state } = system.original ?? system
    places.clear()
    rivals.clear(state.length)
    archive.clear()
    priority = new Int32Array(actors)
    position = new Int32Array(actors)
  }
  /** Adds a place to the abstract schedule, changes one, or takes one out. */
  const mutate = (): void => {
    const at = random.below(holds + 1)
    if (at === holds) {
      if (holds < MAX_HOLDS) plan[holds++] = rivals.draw(random)
    } else if (random.below(2) === 0) plan[at] = rivals.draw(random)
    else plan[at] = plan[--holds]
  }
  const draw = (): void => {
    holds = 0
    isUniform = false
    if (!rivals.some || random.below(FREE) === 0) {
      isUniform = isNextUniform
      isNextUniform = !isNextUniform
      return
    }
    if (archive.size > 0 && random.below(KEPT) === 0) {
      holds = archive.draw(random, plan)
      return mutate()
    }
    do plan[holds++] = rivals.draw(random)
    while (holds < MAX_HOLDS && random.below(2) === 0)
  }
  return {
    name: 'feedback',
    begin(system) {
      rank.fill(0)
      if (beginning.isNew(system)) start(system)
      draw()
      if (isUniform) uniform.begin(system)
      for (let i = 0; i < holds; i++) rank[plan[i]] = i - MAX_HOLDS
      for (let i = 0; i < priority.length; i++) priority[i] = random.next()
      position.fill(0)
      reached = false
    },
    choose(enabled, count, system) {
      const drawn = isUniform ? uniform.choose(enabled, count, system) : -1
      let best = 0
      let same = 0
      for (let i = 0; i < count; i++) {
        const actor = system.actor(enabled[i])
        placeOf[i] = places.at(system.site?.(enabled[i]) ?? 0, position[actor])
        const reigning = system.actor(enabled[best])
        const sooner =
          rank[placeOf[i]] - rank[placeOf[best]] || Math.sign(priority[actor] - priority[reigning])
        if (sooner > 0) same = 1
        else if (sooner < 0 || random.below(++same) !== 0) continue
        best = i
      }
      if (drawn >= 0) best = drawn
      const mover = system.actor(enabled[best])
      const footprint = system.footprint?.(enabled[best]) ?? EVERYTHING
      rivals.touch(mover, placeOf[best], footprint)
      for (let i = 0; i < count; i++) {
        const actor = system.actor(enabled[i])
        if (actor === mover || !conflict(footprint, system.footprint?.(enabled[i]) ?? EVERYTHING)) continue
        rivals.race(placeOf[best], placeOf[i])
        priority[actor] = random.next()
      }
      priority[mover] = random.next()
      position[mover]++
      rank[placeOf[best]] = 0
      if (archive.isNew(system.abstraction?.() ?? 0)) reached = true
      return best
    },
    end() {
      if (reached) archive.keep(plan, holds)
    },
  }
}
