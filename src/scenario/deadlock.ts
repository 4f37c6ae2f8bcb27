/** What is said of threads that do not get to their end: who waits for what. */
import type { Names } from '../engine/step.ts'
import type { Violation } from '../engine/system.ts'
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import type { Parts } from './parts.ts'

/** The violation that a state is in which nobody can go on. */
export const deadlockOf = (parts: Waiting, names: Names): Violation => ({
  invariant: FLUSH_COMPLETES.name,
  explanation: `deadlock; ${tellWaits(parts, names)}`,
})

/** Whose steps are told. */
export type Waiting = Pick<Parts, 'machine' | 'threads' | 'co'>

/** What everybody who has not ended is about to do. */
export function tellWaits({ machine, threads, co }: Waiting, names: Names): string {
  const { S, interruptFlag, config } = machine
  const waits: string[] = []
  for (let v = 0; v < machine.walkers; v++) {
    const node = threads.next(v)
    if (node < 0) continue
    const { op, a, b, c } = co.steps[node]
    const masked = v < config.vcpus && S[interruptFlag + v] === 0 ? ' with interrupts off' : ''
    waits.push(`${machine.walkerName(v)}${masked}: ${op.tell(a, b, c, names)}`)
  }
  return waits.join('; ')
}
