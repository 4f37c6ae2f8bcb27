/** The operations that host code of a policy consists of, and how they are told. */
import { defineOp } from '../engine/step.ts'
import { tellScope } from './flush-scope.ts'

/** Removes the translations of the pages in mask `b` (0: all) that vCPU `a` holds, in scope `c`; its instruction starts anew. */
export const FLUSH_VCPU = defineOp(
  'flush vCPU',
  1,
  (a, b, c, n) => `flush vCPU${a}: ${b === 0 ? 'all' : n.pages(b)}${tellScope(c)}`,
)

/** vCPU `a` flushes everything before it next enters guest mode. */
export const FLUSH_AT_ENTRY = defineOp('flag vCPU', 1, (a) => `flag vCPU${a}: flush at next entry`)

/** 1 if vCPU `a` is on a pCPU. */
export const IS_RUNNING = defineOp(
  'is running',
  2,
  (a, _b, _c, _n, r) =>
    `vCPU${a} ${r === undefined ? 'running?' : r === 1 ? 'is running' : 'is not running'}`,
)

/** Sends a host IPI to the pCPU of vCPU `a`, if it runs: a VM exit follows. */
export const KICK = defineOp('kick vCPU', 1, (a) => `kick vCPU${a} out of guest mode`)

/** Waits until the kicks to the vCPUs in mask `a` were taken. */
export const KICKED = defineOp('wait for kicks', 1, (a, _b, _c, n) => `wait for exit of ${n.cpus(a)}`)

/** vCPU `a` executes INVEPT for its EPT before it next enters guest mode. */
export const INVEPT_AT_ENTRY = defineOp(
  'flag vCPU for INVEPT',
  1,
  (a) => `flag vCPU${a}: INVEPT at next entry`,
)

/** vCPU `a` obeys `b` at its next VM entry: a value of TLB_CONTROL. */
export const TLB_CONTROL = defineOp('TLB_CONTROL', 1, (a, b) => `TLB_CONTROL of vCPU${a} = ${b}`)

/** The pCPU that the vCPU is on, plus 1; 0 for none. */
export const PCPU = defineOp('which pCPU', 0, (_a, _b, _c, _n, r) =>
  r === undefined ? 'which pCPU?' : r === 0 ? 'on no pCPU' : `on pCPU${r - 1}`,
)
