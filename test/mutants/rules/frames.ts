/** Broken rules of frames: the allocator, references, copies, and grace periods. */
import { CONTENT_MAX, DATA, FREE, KIND, REF, REF_MASK, TABLE } from '../../../src/machine/frame-word.ts'
import { instead, keeping, nothing, sparing, wordsOf, type Breakage } from '../breaking.ts'
import { asTold, broken } from './rule.ts'

/** A grace period begins as if a field of each CPU were what it is outside of every section. */
const notWaitingFor = (name: string, field: string, outside: number): Breakage =>
  instead(name, (before, m) => {
    const words = wordsOf(m, field)
    return (...args) =>
      keeping(m, words, () => {
        for (const at of words) m.S[at] = outside
        return before(...args)
      })
  })

export const frames = [
  broken('the allocator hands out frames that are in use', (world) => {
    instead('allocate page', (before, m) => (v, purpose, b, c) => {
      const frame = before(v, purpose, b, c)
      const taken = m.geometry.datas[0].frame
      if (frame === 0 || (m.S[m.frame + taken] & KIND) === FREE) return frame
      m.S[m.frame + frame] = FREE
      return taken
    })(world)
  }),
  broken('the allocator never fails', ({ machine }) => {
    const code = machine.outcomes.findIndex((each) => each !== undefined)
    const before = machine.outcomes[code]!
    machine.outcomes[code] = (v, purpose, _mayFail, c) => before(v, purpose, 0, c)
  }),
  broken('the allocator does not clear what it hands out', sparing('allocate page', 'content', 'entry')),
  broken(
    'the allocator hands out a page without a reference, which folio_try_get refuses',
    instead('allocate page', (before, m) => (...args) => {
      const frame = before(...args)
      if ((m.S[m.frame + frame] & KIND) === DATA) m.S[m.frame + frame] &= ~REF_MASK
      return frame
    }),
  ),
  asTold('folio_try_get gives a reference to a page with none'),
  broken(
    'folio_try_get takes no reference: the page is handed out again',
    instead('try get', (_, m) => (_v, frame) => (m.S[m.frame + frame] & REF_MASK ? 1 : 0)),
  ),
  asTold('folio_put frees a page that is still referred to'),
  broken(
    'folio_put never frees a page',
    instead(
      'put',
      (before, m) =>
        (v, frame, ...rest) =>
          (m.S[m.frame + frame] & REF_MASK) === REF ? 0 : before(v, frame, ...rest),
    ),
  ),
  broken(
    'a page counts as unpinned whoever refers to it',
    instead('is unpinned', () => () => 1),
  ),
  broken(
    'a table that is freed stays one',
    instead('free table', (before, m) => (v, table, ...rest) => {
      const result = before(v, table, ...rest)
      m.S[m.frame + table] = TABLE
      return result
    }),
  ),
  broken(
    'a copy holds nothing',
    instead('copy page', (before, m) => (...args) => {
      const result = before(...args)
      const at = m.contentAt(args[1], args[3] & 63)
      if (m.content >= 0) m.S[at] &= ~CONTENT_MAX
      return result
    }),
  ),

  broken('call_rcu does not wait for CPUs with IF=0', notWaitingFor('call_rcu', 'IF', 1)),
  broken('call_rcu does not wait for rcu_read_lock', notWaitingFor('call_rcu', 'rcu nesting', 0)),
  broken(
    'call_rcu with a head does not wait for CPUs with IF=0',
    notWaitingFor('call_rcu with head', 'IF', 1),
  ),
  broken(
    'call_rcu with a head does not wait for rcu_read_lock',
    notWaitingFor('call_rcu with head', 'rcu nesting', 0),
  ),
  asTold('synchronize_rcu waits for nobody'),
  broken(
    'synchronize_rcu does not wait for CPUs with IF=0',
    notWaitingFor('synchronize_rcu begins', 'IF', 1),
  ),
  broken(
    'synchronize_rcu does not wait for rcu_read_lock',
    notWaitingFor('synchronize_rcu begins', 'rcu nesting', 0),
  ),
  broken(
    'rcu_read_unlock does not end the section that synchronize_rcu waits for',
    nothing('rcu_read_unlock'),
  ),
  broken(
    'STI does not end the section that synchronize_rcu waits for',
    instead('sti', (before, m) => (...args) => {
      const { hooks } = m
      m.hooks = { ...hooks, quiescent: () => {} }
      const result = before(...args)
      m.hooks = hooks
      return result
    }),
  ),
  asTold('locks exclude nobody'),
]
