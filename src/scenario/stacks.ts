/**
 * Where the coroutines of threads are kept in the state. Each vCPU is a stack of them, operation at the bottom, then
 * interrupt handler, the one that interrupts it, NMI handler, microcode of a RAR signal, host side of a hypercall, and
 * entry or exit hook of the host; what the machine has no feature for has no place. The innermost one moves.
 */
import type { MachineConfig } from '../machine/config.ts'
import type { Machine } from '../machine/machine.ts'
import type { Role } from './tracer.ts'

/** Kinds of coroutine that a vCPU can have on its stack, the bottom first. */
const rolesOf = ({ nesting, nmis, rar }: MachineConfig): Role[] => [
  'operation',
  'interrupt',
  ...(nesting ? (['interrupt'] as const) : []),
  ...(nmis > 0 ? (['nmi'] as const) : []),
  ...(rar > 0 ? (['microcode'] as const) : []),
  'hypercall',
  'hook',
]

/** Places of operations and of interrupt handlers; a nested handler has the place behind. */
export const OPERATION = 0
export const INTERRUPT = 1

export class Stacks {
  /** Places on a stack; the two of NMIs and of microcode stand for what lies above where there is none. */
  readonly nmi: number
  readonly microcode: number
  readonly hypercall: number
  readonly hook: number
  private readonly machine: Machine
  /** By word, counted from the first: what lies there. */
  private readonly roles: readonly Role[]
  /** vCPUs, and behind them devices, whose threads are operations alone. */
  private readonly walkers: number
  /** Control states by place and walker: `frames + place * walkers + walker`. */
  private readonly frames: number
  /** First words of host sides of hypercalls, and of hooks of the host. */
  private readonly hypercalls: number
  private readonly hooks: number

  constructor(machine: Machine) {
    const { layout, walkers, config } = machine
    this.machine = machine
    this.walkers = walkers
    const roles = rolesOf(config)
    this.roles = roles.flatMap((role) => Array.from({ length: walkers }, () => role))
    this.nmi = config.nesting ? 3 : 2
    this.microcode = this.nmi + (config.nmis > 0 ? 1 : 0)
    this.hypercall = roles.indexOf('hypercall')
    this.hook = roles.indexOf('hook')
    this.frames = layout.addControl('control', this.roles.length)
    this.hypercalls = this.at(this.hypercall, 0)
    this.hooks = this.at(this.hook, 0)
  }

  /** Word of a place on a vCPU's stack. */
  at(place: number, v: number): number {
    return this.frames + place * this.walkers + v
  }

  /** Word of the innermost coroutine of a vCPU, or -1. */
  top(v: number): number {
    const { S } = this.machine
    const { frames, walkers } = this
    for (let at = this.hooks + v; at >= frames; at -= walkers) if (S[at] !== 0) return at
    return -1
  }

  /** True if the innermost coroutine lies below a place, or there is none. */
  isBelow(place: number, top: number): boolean {
    return top < this.frames + place * this.walkers
  }

  /** True if the innermost coroutine is guest code. */
  inGuest(top: number): boolean {
    return top < this.hypercalls
  }

  /** True while host code of the vCPU runs that can be preempted. */
  inHostCode(top: number): boolean {
    return top >= this.hypercalls && top < this.hooks
  }

  /** True if the innermost coroutine is an entry or exit hook, which runs whether the vCPU is on a pCPU or not. */
  inHook(top: number): boolean {
    return top >= this.hooks
  }

  placeOf(top: number): number {
    return Math.floor((top - this.frames) / this.walkers)
  }

  roleOf(top: number): Role {
    return this.roles[top - this.frames]
  }

  /** True for a coroutine that ends with an IRET. */
  isHandler(top: number): boolean {
    const role = this.roleOf(top)
    return role === 'interrupt' || role === 'nmi'
  }
}
