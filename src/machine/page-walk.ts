/**
 * The page walk as code: one step per level, from CR3 or from the deepest cached upper-level entry down to the entry that
 * maps the page. What each step does is in walk.ts, and in nested-walk.ts for those that EPT adds.
 */
import { defineOp, perform, type Code, type Op } from '../engine/step.ts'
import { WALK_EPT } from './nested-walk.ts'
import {
  FAULT,
  FILLED,
  PUNCTUAL,
  RESTART,
  TRANSLATED,
  levelOf,
  pageOf,
  stageOf,
  tableOf,
} from './walk-stage.ts'

/** Where the walk of `c` begins: the deepest structure-cache hit, a PDPTE register, or the root. */
export const WALK_START = defineOp('start walk', 0, undefined, 'right')

/** Reads the entry for `c` in table `a`; `b` is level and rights so far. */
export const WALK_READ = defineOp('walk', 0, (a, b, c, n, r) => {
  const entry = `walk ${levelOf(b) === 0 ? 'D of ' : ''}${n.entry(levelOf(b) || 1, pageOf(c))} in ${n.frame(a)}`
  if (r === undefined) return entry
  if (r === FAULT) return `${entry} -> fault`
  if (r === FILLED) return `${entry} -> TLB`
  return r === RESTART ? `${entry} -> again` : `${entry} -> ${n.frame(tableOf(r))}`
})

/** What a walk consists of. */
export const walkOperations: readonly Op[] = [WALK_START, WALK_READ, WALK_EPT]

/** The hardware walk, as one reads it in the manual; `nested` with EPT. Returns FAULT or FILLED. */
export function* pageWalk(request: number, nested: boolean): Code<number> {
  let asked = request
  let at = yield* perform(WALK_START, 0, 0, asked)
  while (at !== FAULT && at !== FILLED) {
    if (at === RESTART) at = yield* perform(WALK_START, 0, 0, (asked |= PUNCTUAL))
    else {
      const stage = stageOf(at)
      const toTranslate = nested && (stage & TRANSLATED) === 0
      at = yield* perform(toTranslate ? WALK_EPT : WALK_READ, tableOf(at), stage, asked)
    }
  }
  return at
}
