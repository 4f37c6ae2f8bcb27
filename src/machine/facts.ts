/**
 * Facts that the machine reports as they happen, for the invariants to judge. Hardware and kernel code go on whatever
 * the judgement is; ghost bits make each fact O(1) at the step that it happens in.
 */
export type FactKind = (typeof FACTS)[number]

export const FACTS = [
  /** A hardware walk read an entry; ghost: FREED_SINCE, NOT_A_TABLE or FREED_EPT_TABLE. */
  'hardware-walk',
  /** Software read or wrote an entry; ghost: FREED, or NOT_A_TABLE. */
  'software-walk',
  /** An access reached a frame through a cached translation; ghost: FREED_BY_GUEST or FREED_BY_HOST. */
  'frame-access',
  /** An access used a translation that a completed flush should have removed; ghost: STALE_FRAME or STALE_RIGHTS. */
  'stale-access',
  /** An access was served by an entry of another address space. */
  'foreign-access',
  /** Something came too late to a frame that was copied away; ghost: what it was. */
  'superseded',
  /** A frame was given back although it was free already, or still in use as something else. */
  'bad-free',
  /** A page was given back with a store that nobody was told of. */
  'dirty-lost',
  /** Code that may sleep was run where it must not; ghost: IRQS_OFF or READ_SIDE. */
  'sleep',
  /** A TLB came to hold a small and a large entry for one address that disagree, or may both be hit. */
  'mixed-sizes',
] as const

/** Ghost of a walk: the frame is no page table (any more). */
export const NOT_A_TABLE = 1
/** Ghost of a walk: the frame was freed after the walk learned of it, whatever it is now. */
export const FREED_SINCE = 2
/** Ghost of a walk: the EPT table that translates the frame was given back. */
export const FREED_EPT_TABLE = 4
/** Ghost of an access to a frame that was freed: who freed it. */
export const FREED_BY_GUEST = 1
export const FREED_BY_HOST = 2
/** Ghost of a stale access: the tables give no frame, or another one. */
export const STALE_FRAME = 1
/** Ghost of a stale access: the tables forbid the store. */
export const STALE_RIGHTS = 2
/** Ghost of a frame copied away: a pin on it was confirmed, a copy was made under a pin, a store or any access came too late. */
export const PIN_CONFIRMED = 1
export const COPIED_UNDER_PIN = 2
export const STORED_TOO_LATE = 4
export const READ_TOO_LATE = 8
/** Ghost of a sleep: interrupts are off; the CPU is inside rcu_read_lock. */
export const IRQS_OFF = 1
export const READ_SIDE = 2

/** Dangerous situations that a search should have reached for its silence to mean something. */
export const WITNESSES = {
  'stale-at-flush': 'a CPU still cached the old translation when the flush began',
  'walker-inside': 'a software walker held the table, with interrupts off, when it was unhooked',
  'hardware-walk-inside': 'a hardware walk pointed into the table when it was unhooked',
  'ipi-held-off': 'an IPI was sent to a CPU that had interrupts off',
  'target-preempted': 'a flush reached for a vCPU that was preempted',
  'table-freed': 'a page-table page was given back',
  'rcu-waited': 'RCU held back a table because a reader was inside',
  'page-freed': 'a mapped page was given back',
  'lazy-skipped': 'a CPU in lazy-TLB mode was left out of a flush',
  speculation: 'a speculative walk filled a TLB',
  'collapse-copied': 'a collapse copied the pages of a table',
  'vpid-in-use': 'INVVPID found translations that a VPID had from before',
} as const

export type WitnessKind = keyof typeof WITNESSES
