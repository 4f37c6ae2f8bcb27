/**
 * Emulation of a guest instruction in the host: the guest address is translated first and the memory accessed later.
 * What is held between the two is one more cached translation, which no invalidation reaches. It is taken in one step;
 * the walk's own races are those of software walks. KVM: kvm_mmu_gva_to_gpa_write and the emulator's accesses, commit
 * 6cd88243c7e0.
 */
import { defineOp, perform, type Code } from '../engine/step.ts'
import { fail } from '../errors.ts'
import { DETAILED, decodeAccess, type Access } from '../machine/access-result.ts'
import { use } from '../machine/access-effect.ts'
import { CACHED_D, CACHED_U, CACHED_W, VALID } from '../machine/cached.ts'
import { A, D, frameOf, isLarge, isPresent, isWritable } from '../machine/entry.ts'
import { eptRight, translateBySoftware } from '../machine/ept.ts'
import type { Geometry } from '../machine/geometry.ts'
import type { Machine } from '../machine/machine.ts'
import { ALLOWED, WRITE, judgeAccess } from '../machine/rights.ts'
import { translationNow } from '../machine/translation.ts'
import type { Vmx } from '../machine/vmx.ts'

/** Translates page `a` for an access in mode `b` and keeps the result; results in 1 if there is one. */
export const TRANSLATE = defineOp('translate', 2, (a, b, _c, n, r) => {
  const what = `translate ${n.page(a)} for a ${b & WRITE ? 'write' : 'read'}`
  return `${what}${r === 0 ? ' -> fault' : ''}`
})
/** The access itself, in mode `b`, storing `c` if it writes; results in the frame reached and its content. */
export const ACCESS_TRANSLATED = defineOp(
  'access translated',
  0,
  (_a, b) => `${b & WRITE ? 'write' : 'read'} what was translated`,
)

/** Waits until host code of vCPU `a` holds no translation. */
export const EMULATED = defineOp(
  'wait for emulation',
  1,
  (a) => `wait until the host holds no translation of vCPU${a}`,
)

/** 1 if no host code of the vCPU stands in the middle of something. */
export const AT_BOUNDARY = defineOp(
  'at instruction boundary',
  2,
  (_a, _b, _c, _n, r) => `at an instruction boundary?${r === undefined ? '' : r === 1 ? ' yes' : ' no'}`,
)

export function installEmulator(m: Machine): void {
  if (!m.config.emulation) return
  // It sets A and D by locked operations.
  m.installDrained(TRANSLATE, (v, page, mode) => {
    const entry = translate(m, v, page, mode)
    m.S[m.caches.emulator + v] = entry
    m.S[m.emulatorPage + v] = entry === 0 ? 0 : page
    return entry === 0 ? 0 : 1
  })
  m.install(
    ACCESS_TRANSLATED,
    (v, _a, mode, value) => {
      const entry = m.S[m.caches.emulator + v]
      if ((entry & VALID) === 0) return 0
      const result = use(m, v, m.S[m.emulatorPage + v], entry, mode, value)
      forgetTranslation(m, v)
      return result
    },
    (v, _a, mode) => m.content < 0 || (mode & WRITE) === 0 || !m.buffer.isFull(v),
  )
  m.install(
    EMULATED,
    () => 0,
    (_v, target) => m.S[m.caches.emulator + target] === 0,
  )
}

/** The emulation is over, or there is none. */
export function forgetTranslation(m: Machine, v: number): void {
  if (!m.config.emulation) return
  m.S[m.caches.emulator + v] = 0
  m.S[m.emulatorPage + v] = 0
}

/** What the tables give now for an access, as a cached translation; A and D are set as hardware would. 0 for a fault. */
function translate(m: Machine, v: number, page: number, mode: number): number {
  const space = m.S[m.cr3 + v]
  const now = translationNow(m, space, page)
  if (now === 0) return 0
  const rights = CACHED_U | (isWritable(now) ? CACHED_W : 0)
  if (judgeAccess(m, v, mode, rights, 0) !== ALLOWED) return 0
  const entry = m.cached.make(frameOf(now), space, VALID | rights | CACHED_D)
  const mapping = m.eptp < 0 ? VALID : translateBySoftware(m, v, frameOf(now), eptRight(mode))
  if (mapping === 0) return 0
  setFlags(m, space, page, mode & WRITE ? A | D : A)
  return m.eptp < 0 ? entry : m.cached.withHost(entry, mapping)
}

/** Sets A in every entry on a page's path, and the given flags in the last. */
function setFlags(m: Machine, space: number, page: number, flags: number): void {
  let table = m.geometry.roots[space]
  for (let level = m.config.levels; level >= 1; level--) {
    const at = m.entryAt(table, level, page)
    const word = m.S[at]
    if (!isPresent(word)) return
    const leaf = level === 1 || isLarge(word)
    m.S[at] = word | (leaf ? flags : A)
    if (leaf) return
    table = frameOf(word)
  }
}

/** Emulation as host code of a vCPU writes it: `host.emulator.translate(page)`. */
export class Emulator {
  private readonly geometry: Geometry

  constructor(geometry: Geometry) {
    this.geometry = geometry
  }

  /** Translates a page of the guest for an access that follows, and holds the result; false if the guest would fault. */
  *translate(page: number, { write = false }: { readonly write?: boolean } = {}): Code<boolean> {
    this.need()
    const { pages } = this.geometry.config
    if (!pages.includes(page)) throw fail.badConfig('page of translate', page, `one of ${pages.join(', ')}`)
    return (yield* perform(TRANSLATE, page, write ? WRITE : 0)) === 1
  }

  /** Reads or writes the memory that {@link translate} has found, and holds it no longer. */
  *access({ write = false, value = 1 }: { write?: boolean; value?: number } = {}): Code<Access> {
    this.need()
    return decodeAccess(yield* perform(ACCESS_TRANSLATED, 0, DETAILED | (write ? WRITE : 0), value))
  }

  /** Whether the vCPU has left its guest between two instructions, and not in the middle of one that the host emulates. */
  *atInstructionBoundary(): Code<boolean> {
    this.need()
    return (yield* perform(AT_BOUNDARY)) === 1
  }

  /**
   * Waits until no host code of the vCPUs holds a translation: what the TLFS asks of a flush whose target inhibits it,
   * by suspending the caller.
   */
  *waitFor(vcpus: readonly number[]): Code {
    this.need()
    const last = this.geometry.config.vcpus - 1
    for (const vcpu of vcpus) {
      if (!(vcpu >= 0 && vcpu <= last))
        throw fail.badConfig('vCPU of waitFor', vcpu, `a CPU from 0 to ${last}`)
      yield* perform(EMULATED, vcpu)
    }
  }

  private need(): void {
    if (!this.geometry.config.emulation) throw fail.needsFeature('Emulation', 'emulation')
  }
}

/**
 * INVLPG of the guest that the host intercepts. An address that is not canonical makes INVLPG a NOP; INVVPID would fail
 * for it, so that the host must not pass it on (XSA-168).
 */
export function* emulateInvlpg(vmx: Vmx, vpid: number, page: number): Code {
  if (vmx.isCanonical(page)) yield* vmx.invvpid(0, vpid, page)
}
