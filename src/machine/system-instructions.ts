/**
 * Instructions of the kernel on translations: what they are given is checked against the features of the machine, and
 * at CPL 3 each raises #GP and does nothing (SDM vol. 2). Each returns false if it raised #GP.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from './config.ts'
import { AC, CR3_NOFLUSH, NXE, PAE, PCIDE, PGE, PKE, SMAP, SMEP, WP, hasControls } from './control.ts'
import { INVLPG, LOAD_CR3, RAISE_GP } from './invalidate.ts'
import { isCanonical, need, type Privilege, type Segment } from './operands.ts'
import { INVPCID, NON_CANONICAL, SINGLE_CONTEXT, WRITE_CONTROLS } from './pcid.ts'

/** Control bits that only rights depend on. */
const RIGHTS_BITS = WP | SMEP | SMAP | AC | NXE | PKE

function* refused(): Code<false> {
  yield* perform(RAISE_GP)
  return false
}

export function* invlpg(
  config: MachineConfig,
  offset: number,
  { base = 0, cpl = 0 }: Segment & Privilege,
): Code<boolean> {
  if (cpl !== 0) return yield* refused()
  const page = base + offset
  if (!isCanonical(config, page)) return true
  const slot = config.pages.indexOf(page)
  yield* slot < 0 ? perform(INVLPG, 0, page + 1) : perform(INVLPG, 1 << slot)
  return true
}

export function* invpcid(
  config: MachineConfig,
  type: number,
  pcid: number,
  page: number,
  { cpl = 0 }: Privilege,
): Code<boolean> {
  need('INVPCID', config.pcids > 0, 'pcids')
  if (type <= SINGLE_CONTEXT && !(pcid >= 0 && pcid < config.pcids))
    throw fail.badConfig('PCID of invpcid', pcid, `0 to ${config.pcids - 1}`)
  if (cpl !== 0) return yield* refused()
  const address = isCanonical(config, page) ? page : NON_CANONICAL
  return (yield* perform(INVPCID, type, pcid, address)) === 0
}

export function* loadCr3(
  config: MachineConfig,
  space: number,
  { pcid = 0, noflush = false, cpl = 0 }: { pcid?: number; noflush?: boolean } & Privilege,
): Code<boolean> {
  if (!(space >= 0 && space < config.spaces))
    throw fail.badConfig('space of loadCr3', space, `0 to ${config.spaces - 1}`)
  if (!(pcid >= 0 && pcid <= Math.max(0, config.pcids - 1)))
    throw fail.badConfig('PCID of loadCr3', pcid, `0 to ${config.pcids - 1}`)
  if (noflush) need('CR3 bit 63', config.pcids > 0, 'pcids')
  if (cpl !== 0) return yield* refused()
  return (yield* perform(LOAD_CR3, space, pcid | (noflush ? CR3_NOFLUSH : 0), 0, noflush ? 2 : 1)) === 0
}

export function* writeControls(
  config: MachineConfig,
  set: number,
  clear: number,
  { cpl = 0 }: Privilege,
): Code<boolean> {
  const bits = set | clear
  need('control bits', hasControls(config), 'protection')
  if (bits & PCIDE) need('CR4.PCIDE', config.pcids > 0, 'pcids')
  if (bits & PAE) need('CR4.PAE', config.pae, 'pae')
  if (bits & PGE) need('CR4.PGE', config.globals, 'globals')
  if (bits & RIGHTS_BITS) need('WP, SMEP, SMAP, AC, NXE or PKE', config.protection, 'protection')
  if (cpl !== 0) return yield* refused()
  return (yield* perform(WRITE_CONTROLS, set, clear)) === 0
}
