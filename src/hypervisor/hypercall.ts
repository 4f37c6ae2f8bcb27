/**
 * Hypercall entry and exit. A hypercall is a VM exit: the vCPU's guest code stands still, its host side runs as a
 * coroutine of its own, and the result is handed back at VM entry, where a flush that was asked for meanwhile is done.
 */
import { defineOp } from '../engine/step.ts'

/** What a hypercall is given beside pages and CPUs. */
export interface HypercallInput {
  /** Flags, of a meaning that the host gives them. */
  readonly flags?: number | undefined
  /** An address space that it is about. */
  readonly space?: number | undefined
}

const FLAGS_SHIFT = 8
/** The largest value of the flags. */
export const FLAGS_MAX = 15
const SPACE_SHIFT = 12

/** The named CPUs and the input as one argument of a step. */
export const encodeInput = (cpus: readonly number[], { flags = 0, space = -1 }: HypercallInput): number =>
  cpus.reduce((mask, v) => mask | (1 << v), 0) | (flags << FLAGS_SHIFT) | ((space + 1) << SPACE_SHIFT)

/** Mask of the named CPUs. */
export const cpusOf = (encoded: number): number => encoded & ((1 << FLAGS_SHIFT) - 1)

export function inputOf(encoded: number): HypercallInput {
  const space = (encoded >> SPACE_SHIFT) - 1
  return { flags: (encoded >> FLAGS_SHIFT) & FLAGS_MAX, ...(space < 0 ? {} : { space }) }
}

const tellInput = ({ flags, space }: HypercallInput): string =>
  `${space === undefined ? '' : `, mm${space}`}${flags === 0 ? '' : `, flags ${flags}`}`

/** Calls the host: number `a`, mask of pages `b`, in `c` the vCPUs and the input. The vCPU's thread runs the handler. */
export const HYPERCALL = defineOp(
  'hypercall',
  0,
  (a, b, c, n) =>
    `hypercall ${n.hypercall(a)}(${b === 0 ? 'all' : n.pages(b)}, ${n.cpus(cpusOf(c))}${tellInput(inputOf(c))})`,
)
