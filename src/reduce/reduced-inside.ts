/** How to look into a world without the preemptions that nobody can notice. */
import { Experience } from '../engine/experience.ts'
import type { Inside, Methods, Note, Source } from '../engine/inside.ts'
import type { ReducedWorld } from './reduced-world.ts'

export class ReducedInside implements Inside {
  readonly rests = true
  readonly experience = new Experience()
  readonly size: number
  readonly sources: readonly Source[]
  readonly progressing: number
  readonly methods: Methods
  private readonly reduced: ReducedWorld
  private readonly whole: Inside

  constructor(reduced: ReducedWorld, whole: Inside, vcpus: number, methods: Methods) {
    this.reduced = reduced
    this.whole = whole
    this.methods = methods
    this.size = whole.size
    this.progressing = whole.progressing
    this.sources = whole.sources.map((source, i): Source => {
      const vcpu = i - whole.progressing
      if (i === 0) return (out, n) => (reduced.beginAbsence(), source(out, n))
      return vcpu < 0 || vcpu >= vcpus ? source : (out, n) => reduced.keep(vcpu, out, n, source(out, n))
    })
  }

  get words(): Int32Array {
    return this.whole.words
  }

  take(transition: number): void {
    this.reduced.take(transition, (t) => this.whole.take(t))
  }

  through(seen: Int32Array, note: (note: Note) => void, run: () => void): void {
    this.whole.through(seen, note, run)
  }
}
