/**
 * Hypercall entry and exit. A hypercall is a VM exit: the vCPU's guest code stands still, its host side runs as a
 * coroutine of its own, and the result is handed back at VM entry, where a flush that was asked for meanwhile is done.
 */
import { defineOp } from '../engine/step.ts'

/** Calls the host: number `a`, mask of pages `b`, mask of vCPUs `c`. The vCPU's thread runs the handler. */
export const HYPERCALL = defineOp(
  'hypercall',
  0,
  (a, b, c, n) => `hypercall ${n.hypercall(a)}(${b === 0 ? 'all' : n.pages(b)}, ${n.cpus(c)})`,
)
