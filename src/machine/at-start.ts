/** Where things are at the start of a scenario, as programs ask for them: tables, mapped frames, spare ones. */
import { fail } from '../errors.ts'
import type { Geometry } from './geometry.ts'

/** Frame of the table of a level (1 = PTE table) that translates a page at the start. */
export function tableAtStart(geometry: Geometry, level: number, page: number, space: number): number {
  const first = level > geometry.config.levels ? -1 : geometry.base(page, level)
  const found = geometry.tables.find(
    (each) => each.level === level && each.space === space && each.first === first,
  )
  if (found === undefined)
    throw fail.badConfig('table(level, page, space)', [level, page, space], 'a table of the scenario')
  return found.frame
}

/** Frame that a page is mapped to at the start. */
export function frameAtStart(geometry: Geometry, page: number, space: number): number {
  const found = geometry.datas.find((each) => each.page === page && each.space === space)
  if (found === undefined) throw fail.badConfig('frame(page, space)', [page, space], 'a page of the scenario')
  return found.frame
}

/** One of the frames that nothing maps at the start. */
export function spareAtStart(geometry: Geometry, index: number): number {
  const found = geometry.spare[index]
  if (found === undefined)
    throw fail.badConfig(
      'spare(index)',
      index,
      `below ${geometry.config.spare}, the feature "spare" of the machine`,
    )
  return found
}
