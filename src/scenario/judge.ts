/** Judges facts as the machine reports them, and the policy's own invariants after every transition. */
import { fail } from '../errors.ts'
import type { Violation } from '../engine/system.ts'
import type { Kernel } from '../guest/kernel.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { invariants } from '../invariants/index.ts'
import type { FactKind } from '../machine/facts.ts'
import type { Machine } from '../machine/machine.ts'

export class Judge {
  /** The first violation since it was last cleared. */
  violation: Violation | undefined
  /** True if the policy states invariants of its own. */
  readonly looksAtStates: boolean
  private readonly machine: Machine
  private readonly kernel: Kernel
  private readonly policy: AnyPolicy

  constructor(machine: Machine, kernel: Kernel, policy: AnyPolicy) {
    this.machine = machine
    this.kernel = kernel
    this.policy = policy
    this.looksAtStates = (policy.invariants ?? []).length > 0
  }

  /** A fact was reported; the first invariant that it breaks is violated. */
  judge(kind: FactKind, v: number, ghost: number, frame: number): void {
    if (this.violation !== undefined) return
    const broken = invariants.find((invariant) => invariant.judges === kind && invariant.violated(ghost))
    if (broken === undefined) return
    const explanation = `${this.machine.walkerName(v)}: ${broken.explain(ghost, this.machine.geometry.name(frame))}`
    this.violation = { invariant: broken.name, explanation }
  }

  /** Looks at the state on behalf of the policy's own invariants. */
  judgeState(): void {
    const { S } = this.machine
    for (const { name, sentence, holds } of this.policy.invariants ?? []) {
      let kept: boolean
      try {
        kept = holds(this.kernel.shared, (word) => S[word.at])
      } catch (cause) {
        throw fail.threwInvariant(name, this.policy.name, cause)
      }
      if (kept) continue
      this.violation ??= { invariant: name, explanation: `does not hold any more: ${sentence}` }
      return
    }
  }
}
