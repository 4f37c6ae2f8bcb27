/**
 * What instructions are given: linear addresses through a segment, the mode of an access, entries. Checked here, so
 * that a scenario that needs a feature of the machine, or names what is not there, is told so and not answered wrongly.
 */
import { fail } from '../errors.ts'
import type { MachineConfig } from './config.ts'
import { G, RSVD, US, XD, frameOf, isLarge, isPresent, keyOf } from './entry.ts'
import type { Features } from './features.ts'
import type { Geometry } from './geometry.ts'
import { FETCH, IMPLICIT, MEANT, MEANT_SHIFT, SUPERVISOR } from './rights.ts'

/** A segment, in pages: what an address counts from, and the last address inside. */
export interface Segment {
  readonly base?: number
  readonly limit?: number
}

/** How memory is accessed: by user code, unless it is said otherwise. */
export interface AccessMode extends Segment {
  /** CPL below 3. */
  readonly supervisor?: boolean
  /** An access of the processor's own to a system structure. */
  readonly implicit?: boolean
  /** The address space that the code takes for loaded; default: whatever is. Only the invariants look at it. */
  readonly space?: number
}

/** Who executes an instruction of the kernel's: at CPL 3 it raises #GP. Default 0. */
export interface Privilege {
  readonly cpl?: 0 | 3
}

export function modeBits(
  config: MachineConfig,
  { supervisor, implicit, space }: AccessMode,
  kind: number,
): number {
  if (space !== undefined && !(space >= 0 && space < config.spaces))
    throw fail.badConfig('space of an access', space, `0 to ${config.spaces - 1}`)
  const meant = space === undefined ? 0 : MEANT | (space << MEANT_SHIFT)
  const mode = kind | meant | (supervisor === true ? SUPERVISOR : 0) | (implicit === true ? IMPLICIT : 0)
  const special = [
    [IMPLICIT, 'An implicit access'],
    [SUPERVISOR, 'A supervisor access'],
    [FETCH, 'An instruction fetch'],
  ] as const
  const [bit = 0, what = ''] = special.find(([each]) => mode & each) ?? []
  // EPT entries have a right of their own for fetches.
  if (bit !== 0) need(what, config.protection || (bit === FETCH && config.ept > 0), 'protection')
  return mode
}

/** True for a page number that the tables reach; any other stands for an address that is not canonical. */
export const isCanonical = ({ entries, levels }: MachineConfig, page: number): boolean =>
  Number.isInteger(page) && page >= 0 && page < entries ** levels

/** Refuses an entry that the machine of the scenario would not understand; results in it. */
export function checked({ config, tables, frames }: Geometry, level: number, word: number): number {
  const { protection, globals } = config
  if (word & G) need('G in an entry', globals, 'globals')
  if (word & (XD | RSVD)) need('XD or a reserved bit in an entry', protection, 'protection')
  if (keyOf(word) !== 0) need('A protection key in an entry', protection, 'protection')
  if (!isPresent(word)) return word
  if ((word & US) === 0) need('An entry without US', protection, 'protection')
  if (level > 3 && isLarge(word)) need('PS above the PUD, a reserved bit,', protection, 'protection')
  const frame = frameOf(word)
  if (frame < 1 || frame > frames)
    throw fail.badConfig(`frame of an entry of level ${level}`, frame, `a frame from 1 to ${frames}`)
  const leaf = level === 1 || isLarge(word)
  if (!leaf && !config.anyTable && !tables.some((table) => table.frame === frame))
    throw fail.badConfig(
      `frame of an entry of level ${level}`,
      frame,
      'a table, as `cpu.table(level, page)` gives it, or PS in the entry of a large page',
    )
  return word
}

/** Refuses an instruction of VMX on a machine with SVM. */
export function refuseSvm({ svm }: MachineConfig, what: string): void {
  if (svm)
    throw fail.badConfig(
      'machine.svm',
      svm,
      `false for ${what} of VMX; with SVM, VMRUN loads tags and flushes`,
    )
}

export function need(what: string, has: boolean, feature: keyof Features): void {
  if (!has) throw fail.needsFeature(what, feature)
}
