/**
 * Access rights and page-fault error codes: SDM vol. 3, sections "Determination of Access Rights" and "Page-Fault
 * Exceptions". Asked with the rights that a translation carries, cached or fresh, and the control bits of the moment.
 */
import { CACHED_U, CACHED_W, CACHED_XD } from './cached.ts'
import { AC, NXE, PKE, SMAP, SMEP, WP, controlsOf } from './control.ts'
import type { Machine } from './machine.ts'

/** How memory is accessed: bits of a mode; none is a read in user mode. */
export const WRITE = 1 << 0
export const FETCH = 1 << 1
export const SUPERVISOR = 1 << 2
/** An access of the processor's own to a system structure: supervisor mode whatever the CPL is. */
export const IMPLICIT = 1 << 3
/** The code takes an address space for loaded; its number is in the bits from {@link MEANT_SHIFT}. No right depends on it. */
export const MEANT = 1 << 6
export const MEANT_SHIFT = 7

/** Bits of the error code. */
export const PF_P = 1 << 0
export const PF_W = 1 << 1
export const PF_U = 1 << 2
export const PF_RSVD = 1 << 3
export const PF_I = 1 << 4
export const PF_PK = 1 << 5

export const ALLOWED = -1

/** The error code of an access in `mode`, `cause` aside: W, U and I. */
export function errorCode(m: Machine, v: number, mode: number, cause: number): number {
  const write = mode & WRITE ? PF_W : 0
  const user = mode & (SUPERVISOR | IMPLICIT) ? 0 : PF_U
  const fetch = mode & FETCH && controlsOf(m, v) & (NXE | SMEP) ? PF_I : 0
  return cause | write | user | fetch
}

/** Judges an access by accumulated rights and protection key: ALLOWED, or the error code of the fault. */
export function judgeAccess(m: Machine, v: number, mode: number, rights: number, key: number): number {
  if (!m.config.protection) return mode & WRITE && (rights & CACHED_W) === 0 ? PF_P | PF_W | PF_U : ALLOWED
  const controls = controlsOf(m, v)
  const refused = lacksRights(controls, mode, rights)
  const locked = (rights & CACHED_U) !== 0 && isLocked(controls, m.S[m.pkru + v], mode, key)
  if (!refused && !locked) return ALLOWED
  return errorCode(m, v, mode, PF_P | (locked ? PF_PK : 0))
}

function lacksRights(controls: number, mode: number, rights: number): boolean {
  const userPage = (rights & CACHED_U) !== 0
  const writable = (rights & CACHED_W) !== 0
  if (mode & FETCH && controls & NXE && rights & CACHED_XD) return true
  if ((mode & (SUPERVISOR | IMPLICIT)) === 0) return !userPage || ((mode & WRITE) !== 0 && !writable)
  if (mode & FETCH) return userPage && (controls & SMEP) !== 0
  if (userPage && controls & SMAP && (mode & IMPLICIT || (controls & AC) === 0)) return true
  return (mode & WRITE) !== 0 && !writable && (controls & WP) !== 0
}

/** Protection keys: data accesses to user pages; PKRU holds AD and WD of each key. */
function isLocked(controls: number, pkru: number, mode: number, key: number): boolean {
  if ((controls & PKE) === 0 || mode & FETCH) return false
  const accessDisabled = (pkru >> (2 * key)) & 1
  const writeDisabled = (pkru >> (2 * key + 1)) & 1
  if (accessDisabled !== 0) return true
  if (writeDisabled === 0 || (mode & WRITE) === 0) return false
  return (mode & (SUPERVISOR | IMPLICIT)) === 0 || (controls & WP) !== 0
}
