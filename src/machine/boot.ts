/** Page tables as a scenario starts with them: all pages mapped, writable, accessed, clean. */
import { MAPPED, entry } from './entry.ts'
import type { Machine } from './machine.ts'

export function initializeEntries(m: Machine): void {
  const { tables, datas, roots } = m.geometry
  for (const table of tables) {
    if (table.frame === roots[table.space]) continue
    const parent = tables.find(
      (up) =>
        up.space === table.space &&
        up.level === table.level + 1 &&
        up.first === m.geometry.base(table.first, up.level),
    )!
    m.S[m.entryAt(parent.frame, parent.level, table.first)] = entry(table.frame, MAPPED)
  }
  for (const { frame, space, page } of datas) {
    const table = tables.find(
      (t) => t.space === space && t.level === 1 && t.first === m.geometry.base(page, 1),
    )!
    m.S[m.entryAt(table.frame, 1, page)] = entry(frame, MAPPED)
  }
}
