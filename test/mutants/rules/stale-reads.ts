/** Broken rules of the readers-only exemption: it is never granted, or goes on when it has ended. */
import { instead, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

/** An operation does not end the excuse of old translations. */
const excusing = (name: string): Breakage =>
  instead(name, (before, m) => (...args) => {
    const result = before(...args)
    const { changed } = m.cached
    if (changed !== 0) for (let at = m.caches.tlb; at < m.caches.end; at++) m.S[at] &= ~changed
    return result
  })

export const staleReads = [
  broken('no read through an old translation is excused', ({ machine }) => {
    Object.assign(machine.cached, { changed: 0 })
  }),
  broken('a read of a page is excused that the allocator has handed out', excusing('allocate page')),
  broken('a read of a page is excused that somebody else has filled', excusing('reuse')),
]
