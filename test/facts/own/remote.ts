/** What one CPU does to the tables and asks another CPU to invalidate, in whatever way. */
import type { MachineConfig } from '../../../src/machine/config.ts'
import { variable, type Word } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { readsOld } from '../fact.ts'

export const words = { cached: variable(), go: variable() }
type Words = Record<keyof typeof words, Word>

/** CPU1 caches page 0 and clears IF; CPU0 maps it elsewhere and asks for its invalidation, carefully or not; CPU1 reads. */
export const remote = (ask: (cpu: X86, careful: boolean) => Code, more: Partial<MachineConfig>) => ({
  machine: { spare: 1, ...more },
  words,
  cpus: [
    function* (cpu: X86, { cached, go }: Words): Code<number> {
      yield* cpu.until(cached, 1)
      yield* cpu.map(0, cpu.spare())
      const careful = yield* cpu.choose(2)
      yield* ask(cpu, careful === 1)
      yield* cpu.store(go, 1)
      return careful
    },
    function* (cpu: X86, { cached, go }: Words): Code<boolean> {
      yield* cpu.cli()
      yield* cpu.read(0)
      yield* cpu.store(cached, 1)
      yield* cpu.until(go, 1)
      return yield* readsOld(cpu)
    },
  ],
  reached: (careful: number, old: number) => careful === 1 && old === 1,
  sometimes: (careful: number, old: number) => careful === 0 && old === 1,
})

/** The table of pages 0 and 1 is unhooked and freed, while CPU1 uses both. */
export const freed = (ask: (cpu: X86) => Code, more: Partial<MachineConfig>) => ({
  machine: { pages: [0, 1], ...more },
  cpus: [
    function* (cpu: X86, _words: unknown, kernel: { freeTableNow(table: number): Code }): Code {
      yield* cpu.setEntry(2, 0, 0)
      yield* ask(cpu)
      yield* kernel.freeTableNow(cpu.table(1, 0))
    },
    function* (cpu: X86): Code {
      yield* cpu.read(0)
      yield* cpu.read(1)
    },
  ],
})
