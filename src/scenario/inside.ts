/** How to look into a world: its words, the sources of its transitions, and what it tells beside the state. */
import { Experience } from '../engine/experience.ts'
import type { Inside, Methods, Note, Source } from '../engine/inside.ts'
import type { Machine } from '../machine/machine.ts'
import type { Effects } from './effects.ts'
import type { Enabled } from './enabled.ts'
import type { Parts } from './parts.ts'
import type { Witnesses } from './witnesses.ts'

export class WorldInside implements Inside {
  readonly rests = true
  readonly experience = new Experience()
  readonly size: number
  readonly sources: readonly Source[]
  readonly progressing: number
  readonly methods: Methods
  private readonly machine: Machine
  private readonly witnesses: Witnesses
  private readonly effects: Effects

  constructor({ machine, witnesses }: Parts, enabled: Enabled, effects: Effects, methods: Methods) {
    this.methods = methods
    this.machine = machine
    this.witnesses = witnesses
    this.effects = effects
    this.size = machine.layout.size
    this.sources = enabled.sources
    this.progressing = enabled.progressing
  }

  get words(): Int32Array {
    return this.machine.words
  }

  take(transition: number): void {
    this.effects.apply(transition)
  }

  through(seen: Int32Array, note: (note: Note) => void, run: () => void): void {
    const { machine, witnesses } = this
    const { S, words } = machine
    const { onNote } = witnesses
    machine.S = machine.words = seen
    witnesses.onNote = note
    try {
      run()
    } finally {
      machine.S = S
      machine.words = words
      witnesses.onNote = onNote
    }
  }
}
