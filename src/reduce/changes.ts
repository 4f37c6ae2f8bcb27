/** What transitions of a world would change, one after the other; the world stays as it is. */
import { observe } from '../engine/observation.ts'
import type { World } from '../scenario/world.ts'

/** By word that would hold another value: that value. */
export function changesOf(world: World, transitions: readonly number[]): Map<number, number> {
  return world.parts.witnesses.onNote === undefined
    ? changesOfPlain(world, transitions)
    : changesSeen(world, transitions)
}

function changesOfPlain(world: World, transitions: readonly number[]): Map<number, number> {
  const { state } = world
  const before = state.slice()
  const changes = new Map<number, number>()
  for (const t of transitions) world.apply(t)
  for (let word = 0; word < state.length; word++)
    if (state[word] !== before[word]) changes.set(word, state[word])
  state.set(before)
  world.clearViolation()
  return changes
}

/** While somebody observes the world, what was compared with what must not count as looked at. */
function changesSeen(world: World, transitions: readonly number[]): Map<number, number> {
  const { inside } = world
  const { words } = inside
  const { writes } = observe(words, (seen) =>
    inside.through(
      seen,
      () => {},
      () => transitions.forEach((t) => inside.take(t)),
    ),
  )
  world.clearViolation()
  return new Map([...writes].filter(([word, value]) => words[word] !== value))
}
