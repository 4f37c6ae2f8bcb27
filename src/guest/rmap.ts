/**
 * The reverse map: which pages may be mapped to a frame, and which are at the moment. Where the first mappings of a
 * scenario are enough, the answer is known beforehand; a look-up reads all tables in one step, as a walk that holds the
 * page-table locks one after the other sees them where nobody else moves mappings of the frame. mm/rmap.c.
 */
import { perform, type Code } from '../engine/step.ts'
import { FIND_MAPPINGS } from '../machine/table-ops.ts'
import { resultsOf } from '../machine/word.ts'
import type { AnyCpu } from './cpu.ts'

/** Pages that are mapped to a frame at the start, with their spaces. */
export const firstMappings = (cpu: AnyCpu, frame: number): readonly { space: number; page: number }[] =>
  cpu.kernel.geometry.datas.filter((info) => info.frame === frame).map(({ space, page }) => ({ space, page }))

/** Pages of a space that are mapped to a frame now. */
export function* rmapWalk(cpu: AnyCpu, frame: number, space = 0): Code<readonly number[]> {
  const { pages } = cpu.config
  const mask = yield* perform(FIND_MAPPINGS, frame, space, 0, resultsOf({ max: 2 ** pages.length - 1 }))
  return pages.filter((_, slot) => mask & (1 << slot))
}
