/**
 * Control state of a CPU as far as translation depends on it: bits of CR0, CR4, EFER and EFLAGS in one word, the PCID
 * in CR3, and PKRU. SDM vol. 3, sections on control registers and on access rights. A scenario without the features
 * that need them has none of these words; its CPUs run user code with WP and NXE set.
 */
import type { MachineConfig } from './config.ts'
import type { Machine } from './machine.ts'

/** CR0.WP. */
export const WP = 1 << 0
/** CR4.SMEP. */
export const SMEP = 1 << 1
/** CR4.SMAP. */
export const SMAP = 1 << 2
/** EFLAGS.AC. */
export const AC = 1 << 3
/** IA32_EFER.NXE. */
export const NXE = 1 << 4
/** CR4.PGE. */
export const PGE = 1 << 5
/** CR4.PCIDE. */
export const PCIDE = 1 << 6
/** CR4.PKE. */
export const PKE = 1 << 7
/** CR0.PG. */
export const PG = 1 << 8
/** CR4.PAE. */
export const PAE = 1 << 9
/** Bit 63 of the operand of MOV to CR3, next to the PCID here: nothing has to be flushed. */
export const CR3_NOFLUSH = 1 << 4

/** The largest control word of a machine. */
export const controlMax = ({ pae }: MachineConfig): number => (pae ? 2 * PAE : PAE) - 1

/** True if a machine keeps control words at all. */
export const hasControls = ({ protection, globals, pcids, pae }: MachineConfig): boolean =>
  protection || globals || pcids > 0 || pae

/** What the control word holds at the start. */
export const initialControls = ({ globals, pcids, pae }: MachineConfig): number =>
  WP | NXE | PG | (globals ? PGE : 0) | (pcids > 0 ? PCIDE : 0) | (pae ? PAE : 0)

/** The control word of a CPU. */
export const controlsOf = (m: Machine, v: number): number =>
  m.controls < 0 ? WP | NXE | PG : m.S[m.controls + v]

/** Puts the control words to what they hold at the start. */
export function initializeControls(m: Machine): void {
  if (m.controls < 0) return
  for (let v = 0; v < m.walkers; v++)
    m.S[m.controls + v] = v < m.config.vcpus ? initialControls(m.config) : WP | NXE | PG
}
