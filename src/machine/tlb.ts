/**
 * The TLB of a CPU: where a page's translation can be found and how it gets there. A place holds one page's
 * translation under one tag; a large page fills the place of each small page that was accessed ("fractured"), or those
 * of all its pages. With multi-hit on, small and large translations have places of their own.
 */
import { CACHED_D, CACHED_G, CACHED_HUGE, CACHED_PS, CACHED_W, RIGHTS, VALID, keyOfCached } from './cached.ts'
import { PGE } from './control.ts'
import type { Machine } from './machine.ts'

/** Words of the TLB that a vCPU may use for a page now and that hold something, written to `hits`; their number. */
export function lookUp(m: Machine, v: number, page: number, hits: Int32Array): number {
  const slot = m.caches.pageSlot[page]
  let n = probe(m, m.caches.tlbNow(v) + slot, hits, 0)
  if (m.config.globals && m.S[m.controls + v] & PGE) n = probe(m, m.caches.globalNow(v) + slot, hits, n)
  return n
}

function probe(m: Machine, at: number, hits: Int32Array, count: number): number {
  let n = count
  for (
    let word = at, end = at + m.caches.tagSize - m.config.pages.length;
    word <= end;
    word += m.config.pages.length
  )
    if (m.S[word] & VALID) hits[n++] = word
  return n
}

/** First page and number of levels that an entry covers. */
const coverOf = (entry: number): number => (entry & CACHED_HUGE ? 2 : entry & CACHED_PS ? 1 : 0)

/** True if a cached entry that was made for page `own` also translates `page`. */
export const covers = (m: Machine, entry: number, own: number, page: number): boolean => {
  const cover = coverOf(entry)
  return cover === 0 ? own === page : m.geometry.base(own, cover) === m.geometry.base(page, cover)
}

/** Two translations of different sizes do the same, whichever is used: one frame, and the same rights. */
const agree = (m: Machine, a: number, b: number): boolean =>
  m.cached.frame(a) === m.cached.frame(b) && ((a ^ b) & RIGHTS) === 0 && keyOfCached(a) === keyOfCached(b)

/**
 * Creates a TLB entry; reports it if the CPU then holds a small and a large entry for one address that disagree. With
 * multi-hit on they need not disagree: errata begin where both are found.
 */
export function fill(m: Machine, v: number, page: number, entry: number): void {
  const { pages, fractured, multihit } = m.config
  const base = entry & CACHED_G ? m.caches.globalNow(v) : m.caches.tlbNow(v)
  for (let place = 0; place < m.caches.tagSize; place++) {
    const other = m.S[base + place]
    if ((other & VALID) === 0 || ((other ^ entry) & (CACHED_PS | CACHED_HUGE)) === 0) continue
    const own = pages[place % pages.length]
    if (covers(m, other, own, page) || covers(m, entry, page, own)) {
      if (m.cached.space(other) === m.cached.space(entry) && (multihit || !agree(m, other, entry)))
        m.hooks.fact('mixed-sizes', v, 1, m.cached.frame(entry))
    }
  }
  const shelf = base + (multihit && entry & CACHED_PS ? pages.length : 0)
  if (fractured || (entry & CACHED_PS) === 0) m.S[shelf + m.caches.pageSlot[page]] = entry
  else
    for (let slot = 0; slot < pages.length; slot++)
      if (covers(m, entry, page, pages[slot])) m.S[shelf + slot] = entry
}

/** A device keeps what it was told of a page in its own TLB, where it has one. */
export function fillDeviceTlb(m: Machine, walker: number, page: number, entry: number): void {
  if (m.config.deviceTlbs && walker >= m.config.vcpus)
    m.S[m.caches.deviceTlb(walker) + m.caches.pageSlot[page]] = entry
}

/** What a device knows of a page by itself, as far as it allows an access for a `write`; 0 for nothing. */
export function inDeviceTlb(m: Machine, walker: number, page: number, write: boolean): number {
  if (!m.config.deviceTlbs || walker < m.config.vcpus) return 0
  const entry = m.S[m.caches.deviceTlb(walker) + m.caches.pageSlot[page]]
  const needed = write ? VALID | CACHED_W | CACHED_D : VALID
  return (entry & needed) === needed ? entry : 0
}

/** Drops from the places that begin at `base` what translates one of the pages in `mask`. */
export function dropPages(m: Machine, base: number, mask: number): void {
  const { pages } = m.config
  for (let slot = 0; slot < pages.length; slot++) if (mask & (1 << slot)) dropPage(m, base, pages[slot])
}

/** Drops what translates `page`, which need not be mapped at the start: a large page covers others. */
export function dropPage(m: Machine, base: number, page: number): void {
  const { pages } = m.config
  for (let place = 0; place < m.caches.tagSize; place++) {
    const entry = m.S[base + place]
    if (entry & VALID && covers(m, entry, pages[place % pages.length], page)) m.S[base + place] = 0
  }
}
