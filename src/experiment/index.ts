/**
 * The door for experiments: `import { experiment, P, RW, US, entry, variable } from 'shootdown/experiment'`. Flags of
 * entries, control bits and modes have the names of the manual.
 */
export type { Access } from '../machine/access-result.ts'
export { AC, NXE, PAE, PCIDE, PG, PGE, PKE, SMAP, SMEP, WP } from '../machine/control.ts'
export { A, D, G, MAPPED, P, PS, RSVD, RW, US, XD, entry, frameOf, keyOf, withKey } from '../machine/entry.ts'
export { EPT_A, EPT_D, EPT_R, EPT_RWX, EPT_W, EPT_X } from '../machine/ept-entry.ts'
export { EPT_VIOLATION } from '../machine/access-result.ts'
export { noFeatures, type Features } from '../machine/features.ts'
export type { AccessMode, Privilege, Segment } from '../machine/operands.ts'
export { ALL_BUT_GLOBAL, ALL_CONTEXTS, INDIVIDUAL_ADDRESS, SINGLE_CONTEXT } from '../machine/pcid.ts'
export { PF_I, PF_P, PF_PK, PF_RSVD, PF_U, PF_W } from '../machine/rights.ts'
export { ALL_PROCESSORS, ALL_VIRTUAL_ADDRESS_SPACES, NON_GLOBAL_MAPPINGS_ONLY } from '../hypervisor/hyperv.ts'
export { rcuHead } from '../guest/rcu-head.ts'
export { perCpu, variable, type Word } from '../machine/word.ts'
export { X86 } from '../machine/x86.ts'
export { experiment, type Experiment, type Result } from './experiment.ts'
export type { Breakage, ExperimentOptions, Program, Words } from './options.ts'
