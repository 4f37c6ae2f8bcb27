/**
 * The page walk: one step per level, started by an access or by speculation, from CR3 or from the deepest cached
 * upper-level entry. A and D are set by locked updates in the step that reads the entry (an update that finds the
 * entry changed reads it again, which is the same as reading later). Rights accumulate over the levels; only the leaf
 * step creates a TLB entry. SDM vol. 3, chapter "Paging": sections on hierarchical paging structures, on accessed and
 * dirty flags, and on caching translation information.
 */
import { defineOp, perform, type Code } from '../engine/step.ts'
import { CACHED_D, CACHED_PS, CACHED_U, CACHED_W, FREED, RIGHTS, VALID } from './cached.ts'
import { A, D, RW, US, frameOf, isLarge, isPresent } from './entry.ts'
import { FREED_SINCE, NOT_A_TABLE } from './facts.ts'
import type { Machine } from './machine.ts'

export const FAULT = 0
export const FILLED = 1
/** Results from here on are the next table and the rights so far. */
const BELOW = 2

const SPECULATIVE = 1 << 7
const WRITE = 1 << 6
/** `c` of the walk operations: page, kind of access. */
const request = (page: number, write: boolean, speculative: boolean): number =>
  page | (write ? WRITE : 0) | (speculative ? SPECULATIVE : 0)
const pageOf = (c: number): number => c & 63

const tableOf = (found: number): number => (found - BELOW) >> 8
const levelOf = (found: number): number => ((found - BELOW) >> 4) & 7
const rightsOf = (found: number): number => (found - BELOW) & RIGHTS
const found = (table: number, level: number, rights: number): number =>
  BELOW + ((table << 8) | (level << 4) | rights)

/** Where the walk of `c` begins: the deepest structure-cache hit, or the root. */
const WALK_START = defineOp('start walk', 0, undefined, 'right')
/** Reads the entry for `c` in table `a`; `b` is level and rights so far. */
const WALK_READ = defineOp('walk', 0, (a, b, c, n, r) => {
  const outcome =
    r === undefined ? '' : r === FAULT ? ' -> fault' : r === FILLED ? ' -> TLB' : ` -> ${n.frame(tableOf(r))}`
  return `walk ${n.entry(b >> 4, pageOf(c))} in ${n.frame(a)}${outcome}`
})

/** The hardware walk, as one reads it in the manual. Returns FAULT or FILLED. */
export function* pageWalk(page: number, write: boolean, speculative: boolean): Code<number> {
  const c = request(page, write, speculative)
  let at = yield* perform(WALK_START, 0, 0, c)
  for (;;) {
    at = yield* perform(WALK_READ, tableOf(at), (levelOf(at) << 4) | rightsOf(at), c)
    if (at === FAULT || at === FILLED) return at
  }
}

export function installWalk(m: Machine): void {
  const { cached, config } = m

  m.install(WALK_START, (v, _a, _b, c) => {
    const page = pageOf(c)
    const pointer = c & SPECULATIVE ? m.speculationPointer : m.pointer
    const base = m.structures + m.context(v) * m.structureSlots
    for (let level = 1; level < config.levels; level++) {
      const slot = m.structureSlot(level, page)
      const hit = slot < 0 ? 0 : m.S[base + slot]
      if (hit & VALID && cached.space(hit) === m.S[m.cr3 + v]) {
        m.S[pointer + v] = hit
        return found(cached.frame(hit), level, hit & RIGHTS)
      }
    }
    const space = m.S[m.cr3 + v]
    const root = m.geometry.roots[space]
    m.S[pointer + v] = cached.make(root, space, VALID | RIGHTS)
    return found(root, config.levels, RIGHTS)
  })

  m.install(WALK_READ, (v, a, b, c) => {
    const page = pageOf(c)
    const level = b >> 4
    const pointer = (c & SPECULATIVE ? m.speculationPointer : m.pointer) + v
    const ghosts = m.S[pointer] & cached.ghosts
    const bad = (m.isTable(a) ? 0 : NOT_A_TABLE) | (ghosts & FREED ? FREED_SINCE : 0)
    if (bad !== 0) m.hooks.fact('hardware-walk', v, bad, a)
    const at = m.entryAt(a, level, page)
    const word = m.S[at]
    const rights = b & ((word & RW ? CACHED_W : 0) | (word & US ? CACHED_U : 0))
    const leaf = level === 1 || isLarge(word)
    const write = (c & WRITE) !== 0
    if (!isPresent(word) || (leaf && write && (rights & CACHED_W) === 0)) {
      m.S[pointer] = 0
      return FAULT
    }
    m.S[at] = word | A | (leaf && write ? D : 0)
    const frame = frameOf(word)
    const space = m.S[m.cr3 + v]
    if (leaf) {
      const dirty = word & D || write ? CACHED_D : 0
      const large = isLarge(word) ? CACHED_PS : 0
      const entry = cached.make(frame, space, VALID | rights | dirty | large | (ghosts & ~FREED))
      fill(m, v, page, entry)
      if ((c & SPECULATIVE) === 0) m.S[m.latch + v] = entry
      m.S[pointer] = 0
      return FILLED
    }
    const next = cached.make(frame, space, VALID | rights | (ghosts & ~FREED))
    m.S[pointer] = next
    const slot = m.structureSlot(level - 1, page)
    if (slot >= 0) m.S[m.structures + m.context(v) * m.structureSlots + slot] = next
    return found(frame, level - 1, rights)
  })
}

/** Creates the TLB entry, unless the CPU would then hold a small and a large entry for one address that differ. */
function fill(m: Machine, v: number, page: number, entry: number): void {
  const { pages } = m.config
  const base = m.tlb + m.context(v) * pages.length
  const region = m.geometry.base(page, 1)
  for (let slot = 0; slot < pages.length; slot++) {
    const other = m.S[base + slot]
    if ((other & VALID) === 0 || m.geometry.base(pages[slot], 1) !== region) continue
    if ((other ^ entry) & CACHED_PS && m.cached.space(other) === m.cached.space(entry)) {
      m.hooks.fact('mixed-sizes', v, 1, m.cached.frame(entry))
    }
  }
  m.S[base + m.pageSlot[page]] = entry
}
