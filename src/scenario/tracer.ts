/** What can be heard of a world as it runs, step by step. */

/** Which of a vCPU's coroutines asked for a step. */
export type Role =
  | 'operation'
  | 'interrupt'
  | 'nmi'
  | 'microcode'
  | 'hypercall'
  | 'hook'
  | 'walk'
  | 'speculation'

/** Called for every step that is done: who, the control state that asked for it, what it resulted in. */
export type Tracer = (vcpu: number, node: number, result: number, role: Role) => void
