/** What the next steps of all threads would touch in the state at hand. */
import type { Space } from '../protocol/space.ts'
import { SCHEDULE, kindOf, whoOf } from '../protocol/transition.ts'
import { emptyBits, join, type Bits } from './bits.ts'
import type { Effects } from './effects.ts'

export class Steps {
  /** By thread: how many transitions it has, and what its next step, or waiting for it, reads and writes. */
  readonly outcomes: Int32Array
  readonly reads: readonly Bits[]
  readonly writes: readonly Bits[]
  /** True once a step has touched more than was known, until somebody takes notice. */
  taught = false
  private readonly space: Space
  private readonly effects: Effects
  private readonly grew = (): void => void (this.taught = true)

  constructor(space: Space, effects: Effects) {
    const rows = (): Bits[] => Array.from(space.cpuOf, () => emptyBits(effects.width))
    this.space = space
    this.effects = effects
    this.outcomes = new Int32Array(space.cpuOf.length)
    this.reads = rows()
    this.writes = rows()
  }

  /** Looks at a state in which the `count` transitions are enabled. */
  look(enabled: Int32Array, count: number): void {
    const { space, effects, outcomes, grew } = this
    const { state, variables, control } = space
    outcomes.fill(0)
    for (let i = 0; i < count; i++) if (kindOf(enabled[i]) < SCHEDULE) outcomes[whoOf(enabled[i])]++
    for (let thread = 0; thread < outcomes.length; thread++) {
      const reads = this.reads[thread].fill(0)
      const writes = this.writes[thread].fill(0)
      const { guard, action } = effects.call(state[control + thread])
      if (guard !== undefined) join(reads, effects.run(guard, variables, grew).reads)
      if (action === undefined || outcomes[thread] === 0) continue
      const run = effects.run(action, variables, grew)
      join(reads, run.reads)
      join(writes, run.writes)
    }
    for (const never of effects.nevers) effects.run(never, variables, grew)
  }
}
