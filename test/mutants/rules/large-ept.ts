/** Broken rules of large pages of EPT: what is cached of one, where it leads, and what drops it. */
import { CACHED_PS } from '../../../src/machine/cached.ts'
import { EPT_A, EPT_D, EPT_TABLE_SPAN } from '../../../src/machine/ept-entry.ts'
import type { Machine } from '../../../src/machine/machine.ts'
import { alsoDropping, both, instead, sparing, wordsOf, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

const MAPPINGS = 'guest-physical mapping'

/** First word of the four mappings that a mapping of a guest frame is one of, and the frame. */
function foursOf(m: Machine): { at: number; frame: number }[] {
  return wordsOf(m, MAPPINGS).map((word) => {
    const frame = (word - m.caches.guestPhysical) % m.caches.guestPhysicalSlots
    return { at: word - (frame % EPT_TABLE_SPAN), frame }
  })
}

/** A step of the walk through EPT caches something else than it should. */
const miscaching = (change: (m: Machine, was: Int32Array) => void): Breakage =>
  instead('EPT walk', (before, m) => (...args) => {
    if (!m.config.eptLarge) return before(...args)
    const was = m.S.slice()
    const result = before(...args)
    change(m, was)
    return result
  })

/** An operation drops all that a machine has cached of guest and host. */
const dropping = (name: string): Breakage =>
  both(...['TLB', MAPPINGS].map((field) => alsoDropping(name, field, () => true)))

export const largeEpt = [
  broken('mapping a large EPT page drops what is cached', dropping('map large EPT page')),
  broken('splitting a large EPT page drops what is cached', dropping('link EPT table')),
  broken('splitting a large EPT page leaves its entry', sparing('link EPT table', 'large EPT entry')),
  broken('INVEPT leaves large pages of EPT that are cached', (world) => {
    if (world.machine.config.eptLarge) sparing('INVEPT', MAPPINGS, 'TLB')(world)
  }),
  broken(
    'a large EPT page is cached for each of its frames although large pages are fractured',
    miscaching((m, was) => {
      if (!m.config.fractured) return
      for (const { at, frame } of foursOf(m)) {
        const word = at + (frame % EPT_TABLE_SPAN)
        if (m.S[word] === was[word] || m.S[word] === 0) continue
        for (let other = at; other < at + EPT_TABLE_SPAN; other++)
          if (m.S[other] === 0) m.S[other] = m.cached.makeHost(m.cached.host(m.S[word]) + other - word, 7, 0)
      }
    }),
  ),
  broken(
    'a large EPT page that is to be cached whole is cached for one frame',
    miscaching((m, was) => {
      const whole = foursOf(m).filter(({ at, frame }) => m.S[at + (frame % EPT_TABLE_SPAN)] & CACHED_PS)
      for (const { at, frame } of whole.slice(1)) {
        const word = at + (frame % EPT_TABLE_SPAN)
        if (was[word] === 0) m.S[word] = 0
      }
    }),
  ),
  broken(
    'a large EPT page leads to its first host frame',
    instead('map large EPT page', (before) => (v, view, frame, large) => before(v, view, frame, large & 31)),
  ),
  broken(
    'a store does not make a large EPT page dirty',
    instead('EPT walk', (before, m) => (...args) => {
      const larges = wordsOf(m, 'large EPT entry')
      const was = larges.map((at) => m.S[at] & (EPT_A | EPT_D))
      const result = before(...args)
      larges.forEach((at, i) => (m.S[at] = (m.S[at] & ~EPT_D) | was[i]))
      return result
    }),
  ),
  broken(
    'an EPT violation leaves the other pieces of a large page that is cached whole',
    miscaching((m) => {
      for (const word of wordsOf(m, MAPPINGS)) m.S[word] &= ~CACHED_PS
    }),
  ),
]
