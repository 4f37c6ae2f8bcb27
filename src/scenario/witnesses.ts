/** What happens beside the state: dangerous situations that were reached, and what a search that leaves absences out must hear of. */
import type { Note } from '../engine/inside.ts'
import type { WitnessKind } from '../machine/facts.ts'

export class Witnesses {
  /** Dangerous situations reached since the world was built, or since somebody forgot them. */
  readonly seen = new Set<WitnessKind>()
  /** While this is true nothing is dangerous. */
  booting = false
  /** vCPUs (one bit each) that the host may as well have taken away, in a search that leaves that out. */
  couldBeAway = 0
  /** True once code of the system has asked where a vCPU runs. */
  placementSeen = false
  /** Hears of whatever happens here, so that it can be done again without the transition that did it. */
  onNote: ((note: Note) => void) | undefined

  witness(kind: WitnessKind): void {
    if (this.booting) return
    this.seen.add(kind)
    this.onNote?.(() => this.seen.add(kind))
  }

  /** Something was sent or done to a vCPU that is on a pCPU. */
  reached(vcpu: number): void {
    if (this.couldBeAway & (1 << vcpu)) this.seen.add('target-preempted')
    this.onNote?.(() => this.reached(vcpu))
  }

  /** A search begins to find out who could be away. */
  beginAbsence(): void {
    this.couldBeAway = 0
    this.onNote?.(() => this.beginAbsence())
  }

  absent(vcpu: number): void {
    this.couldBeAway |= 1 << vcpu
    this.onNote?.(() => this.absent(vcpu))
  }

  placed(): void {
    this.placementSeen = true
    this.onNote?.(() => this.placed())
  }
}
