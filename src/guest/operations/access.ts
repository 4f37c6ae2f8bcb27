/** User-mode read and write of one page, by the CPU's loaded address space. A fault ends it. */
import type { Code } from '../../engine/step.ts'
import type { Cpu } from '../cpu.ts'

export function* read(cpu: Cpu, page: number): Code {
  yield* cpu.access(page, 'read')
}

export function* write(cpu: Cpu, page: number): Code {
  yield* cpu.access(page, 'write')
}
