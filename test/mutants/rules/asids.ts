/** Broken rules of VMRUN and of ASIDs. */
import { CACHED_G, VALID } from '../../../src/machine/cached.ts'
import { controlOf } from '../../../src/machine/tlb-control.ts'
import { alsoDropping, instead, sparing, sparingThose, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

/** VMRUN is given another value of TLB_CONTROL than was meant. */
const mistaken = (value: number, as: number): Breakage =>
  instead(
    'VMRUN',
    (before) => (v, asid, view, control) =>
      before(v, asid, view, control === controlOf(value) ? controlOf(as) : control),
  )
/** A rule is broken on machines with SVM, or on those without. */
const withSvm =
  (svm: boolean, breakage: Breakage): Breakage =>
  (world) => {
    if (world.machine.config.svm === svm) breakage(world)
  }

export const asids = [
  broken(
    'VMRUN drops what every ASID has cached',
    alsoDropping('VMRUN', 'TLB', () => true),
  ),
  broken('VMRUN leaves the ASID as it was', sparing('VMRUN', 'VPID')),
  broken('VMRUN leaves the nested tables as they were', sparing('VMRUN', 'EPTP')),
  broken('VMRUN flushes nothing', sparing('VMRUN', 'TLB', 'guest-physical mapping')),
  broken(
    'VMRUN that flushes an ASID leaves its nested translations',
    sparing('VMRUN', 'guest-physical mapping'),
  ),
  broken('VMRUN that flushes an ASID leaves its global translations', mistaken(3, 7)),
  broken('VMRUN that flushes an ASID but its global translations flushes those', mistaken(7, 3)),
  broken('VMRUN that flushes an ASID flushes all', mistaken(3, 1)),
  broken('VMRUN that flushes all ASIDs flushes its own', mistaken(1, 3)),
  broken(
    'VMRUN that flushes leaves what is not global',
    sparingThose('VMRUN', 'TLB', (word) => (word & VALID) !== 0 && (word & CACHED_G) === 0),
  ),
  broken(
    'nested translations carry no ASID',
    withSvm(true, ({ machine }) => void (machine.caches.mappingTag = () => 0)),
  ),
  broken(
    'guest-physical mappings carry no EP4TA',
    withSvm(false, ({ machine }) => void (machine.caches.mappingTag = () => 0)),
  ),
  broken('translations carry no ASID and no VPID', ({ machine }) => void (machine.caches.vpidOf = () => 0)),
]
