/** Broken rules of flushes by the host: what their scope leaves alone, and what it does not. */
import { encodeScope } from '../../../src/hypervisor/flush-scope.ts'
import { alsoDropping, instead, sparing, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

const KEEP_GLOBAL = encodeScope({ keepGlobal: true })

/** A flush of a vCPU has another scope than was asked for. */
const scoped = (change: (scope: number) => number): Breakage =>
  instead('flush vCPU', (before) => (v, target, mask, scope) => before(v, target, mask, change(scope)))

export const hypercalls = [
  broken(
    'a flush by the host drops global translations that it is to keep',
    scoped((scope) => scope & ~KEEP_GLOBAL),
  ),
  broken(
    'a flush by the host leaves global translations',
    scoped((scope) => scope | KEEP_GLOBAL),
  ),
  broken(
    'a flush of an address space by the host is about all of them',
    scoped((scope) => scope & KEEP_GLOBAL),
  ),
  broken(
    'a flush of all address spaces by the host is about the first',
    scoped((scope) => (scope >> 1 === 0 ? scope | encodeScope({ space: 0 }) : scope)),
  ),
  broken(
    'a flush by the host is about the other address space',
    scoped((scope) => (scope >> 1 === 0 ? scope : scope ^ (3 << 1))),
  ),
  broken(
    'a flush by the host of some pages is one of all',
    instead('flush vCPU', (before) => (v, target, _mask, scope) => before(v, target, 0, scope)),
  ),
  broken(
    'a flush by the host leaves the paging-structure caches',
    sparing('flush vCPU', 'paging-structure cache'),
  ),
  broken(
    'a flush by the host lets walks in flight go on',
    sparing(
      'flush vCPU',
      'walk',
      'walk pointer',
      'walk page',
      'speculative walk',
      'speculative walk pointer',
      'speculative page',
    ),
  ),
  broken(
    'a flush by the host drops what every vCPU has cached',
    alsoDropping('flush vCPU', 'TLB', () => true),
  ),
]
