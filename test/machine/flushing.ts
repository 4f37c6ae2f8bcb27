/** Changes of tables and flushes that reach nobody, for looking at what is condemned and what is not. */
import { perform } from '../../src/engine/step.ts'
import { CONDEMNED, VALID } from '../../src/machine/cached.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { RW } from '../../src/machine/entry.ts'
import { FLUSH_BEGINS, FLUSH_DONE } from '../../src/machine/flush-ghosts.ts'
import { CLEAR_ENTRY, REVOKE_ENTRY, place } from '../../src/machine/table-ops.ts'
import { program, programs, type Drive, type Program, type Setup } from './drive.ts'

export const setup = { machine: { pages: [2, 3] } } satisfies Setup
export const named = program(function* () {}, setup)
export const [PMD, T1, P3] = ['PMD', 'T1', 'P3'].map((name) => named.frame(name))

/** Unhooks page 2; begins a flush of it; completes that flush. `sti` keeps the three transitions apart. */
export const unhook: Program = () => perform(CLEAR_ENTRY, T1, place(1, 2))
export const protect: Program = () => perform(REVOKE_ENTRY, T1, place(1, 2), RW)
export const begin = (mask = 1): Program =>
  function* (cpu) {
    yield* cpu.sti()
    yield* perform(FLUSH_BEGINS, mask, 0)
  }
export const done: Program = function* (cpu) {
  yield* cpu.sti()
  yield* perform(FLUSH_DONE)
}
export const inOrder = (...codes: Program[]): Program =>
  function* (cpu) {
    for (const code of codes) yield* code(cpu)
  }
export const access =
  (page: number, kind: 'read' | 'write' = 'read'): Program =>
  (cpu) =>
    cpu.access(page, kind)

/** CPU0 changes tables and flushes nobody; CPU1 has done its first access, and does its others later. */
export function race(
  changes: readonly Program[],
  accesses: readonly Program[],
  machine: Partial<MachineConfig> = {},
): Drive {
  const d = programs([inOrder(...changes), inOrder(...accesses)], {
    machine: { ...setup.machine, ...machine },
  })
  return d.until(1, 'access')
}
export const condemned = (word: number): boolean => (word & VALID) !== 0 && (word & CONDEMNED) !== 0
