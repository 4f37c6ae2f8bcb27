import { IRQS_OFF } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const atomicContext: Invariant = {
  name: 'atomic-context',
  sentence: 'Nobody sleeps with interrupts off or inside a read-side section of RCU.',
  judges: 'sleep',
  violated: (ghost) => ghost !== 0,
  explain: (ghost) =>
    ghost & IRQS_OFF ? 'it may sleep here, with interrupts off' : 'it may sleep here, inside rcu_read_lock',
}
