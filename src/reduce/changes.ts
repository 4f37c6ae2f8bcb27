/** What transitions of a world would change, one after the other; the world stays as it is. */
import { Watch } from '../engine/observation.ts'
import type { World } from '../scenario/world.ts'

export class Changes {
  private readonly world: World
  private readonly before: Int32Array
  private readonly watch: Watch

  constructor(world: World) {
    this.world = world
    this.before = world.state.slice()
    this.watch = new Watch(world.inside.words.length)
  }

  /** By word that would hold another value: that value. */
  of(...transitions: readonly number[]): Map<number, number> {
    const { world } = this
    const changes =
      world.parts.witnesses.onNote === undefined ? this.taken(transitions) : this.seen(transitions)
    world.clearViolation()
    return changes
  }

  private taken(transitions: readonly number[]): Map<number, number> {
    const { world, before } = this
    const { state } = world
    before.set(state)
    const changes = new Map<number, number>()
    for (const t of transitions) world.apply(t)
    for (let word = 0; word < state.length; word++)
      if (state[word] !== before[word]) changes.set(word, state[word])
    state.set(before)
    return changes
  }

  /** While somebody observes the world, what is compared here must not count as looked at. */
  private seen(transitions: readonly number[]): Map<number, number> {
    const { inside } = this.world
    const { words } = inside
    const { writes } = this.watch.observe(words, (seen) =>
      inside.through(
        seen,
        () => {},
        () => transitions.forEach((t) => inside.take(t)),
      ),
    )
    return new Map([...writes].filter(([word, value]) => words[word] !== value))
  }
}
