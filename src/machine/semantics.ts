/** What operations mean on a machine: what each does, when it can be done, and whom the machine tells of it. */
import type { FactKind, WitnessKind } from './facts.ts'
import type { StoreBuffer, Wants } from './store-buffer.ts'

/** Does an operation for a vCPU; returns the step's result. */
export type Execute = (vcpu: number, a: number, b: number, c: number) => number
/** Says whether an operation can be done now; an operation without a guard always can. */
export type Guard = (vcpu: number, a: number, b: number, c: number) => boolean

/** Says how many outcomes an operation has for the explorer to pick from, in `machine.alternative`. */
export type Outcomes = (vcpu: number, a: number, b: number, c: number) => number

/** What a room may want to know of the machine as it runs. */
export interface MachineHooks {
  /** A fact that an invariant may forbid; `ghost` is never 0. */
  fact(kind: FactKind, vcpu: number, ghost: number, frame: number): void
  /** Something noteworthy was reached: the "sometimes" side of an invariant. */
  witness(kind: WitnessKind): void
  /** Something was sent or done to a vCPU that is on a pCPU. */
  reached(vcpu: number): void
  /** Code of the system has asked where a vCPU runs. */
  placed(): void
  /** `vcpu` may have left a read-side critical section. */
  quiescent(vcpu: number): void
}

/** A guard, where there are store buffers with what is asked of them. */
export function withBuffer(
  buffer: StoreBuffer,
  guard: Guard | undefined,
  wants: Wants | undefined,
): Guard | undefined {
  if (wants === undefined || buffer.depth === 0) return guard
  return wants === 'room'
    ? (v, a, b, c) => !buffer.isFull(v) && guard?.(v, a, b, c) !== false
    : (v, a, b, c) => buffer.isEmpty(v) && guard?.(v, a, b, c) !== false
}
