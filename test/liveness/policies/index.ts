/** Every seeded policy: what is wrong, the broken form, and its repaired twin. */
import type { AnyPolicy } from '../../../src/guest/policy.ts'
import { backingOff } from './backing-off.ts'
import { collapsed } from './collapsed.ts'
import { crossed } from './crossed.ts'
import { fullRing } from './full-ring.ts'
import { lostBeforeHlt } from './lost-before-hlt.ts'
import type { Waiting } from './parts.ts'
import { reusedSlot } from './reused-slot.ts'

export interface Seed {
  readonly name: string
  readonly verdict: 'deadlock' | 'livelock'
  readonly broken: AnyPolicy
  readonly fixed: AnyPolicy
}

/** A seed with a guard is a deadlock, the same with a loop that polls a livelock. */
const both = (name: string, make: (how: Waiting, broken: boolean) => AnyPolicy): Seed[] => [
  {
    name: `${name}, waited for`,
    verdict: 'deadlock',
    broken: make('guard', true),
    fixed: make('guard', false),
  },
  {
    name: `${name}, polled for`,
    verdict: 'livelock',
    broken: make('poll', true),
    fixed: make('poll', false),
  },
]

export const seeds: readonly Seed[] = [
  ...both('IF=0 on both sides', crossed),
  ...both('a request lost as IPIs collapse', collapsed),
  ...both('a slot that is used again before the ack', reusedSlot),
  ...both('a full ring without a fallback', fullRing),
  {
    name: 'a wake-up before HLT',
    verdict: 'deadlock',
    broken: lostBeforeHlt(true),
    fixed: lostBeforeHlt(false),
  },
  {
    name: 'trylocks that back off in lockstep',
    verdict: 'livelock',
    broken: backingOff(true),
    fixed: backingOff(false),
  },
]
