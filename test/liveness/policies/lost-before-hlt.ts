/**
 * A wake-up lost before HLT: the flush is answered by an IPI, and who waits for it looks at a flag and then halts. With
 * IF=1 between the two the answer comes when nobody sleeps yet. `sti; hlt` behind the look closes the gap.
 */
import { definePolicy } from '../../../src/policies/define.ts'
import { perCpu } from '../../../src/machine/word.ts'
import { unmapping } from './parts.ts'

export const lostBeforeHlt = (broken: boolean) =>
  definePolicy({
    ...unmapping,
    name: `halting-${broken ? 'with-gap' : 'without-gap'}`,
    summary: `Flush by IPI, wait in HLT; interrupts are ${broken ? 'on' : 'off'} between the look and HLT`,
    expected: broken ? 'broken' : 'safe',
    machine: { ...unmapping.machine, interruptShadow: true },
    shared: { asked: perCpu({ max: 0xff }), answered: perCpu() },
    *flush(cpu, { pages, targets: [target] }) {
      if (target === undefined) return yield* cpu.invlpg(pages)
      const answered = cpu.shared.answered.of(cpu.id)
      yield* cpu.store(answered, 0)
      yield* cpu.store(cpu.shared.asked.of(cpu.id), pages)
      yield* cpu.sendIpi(target, 'flush')
      for (;;) {
        yield* cpu.checkpoint('look', pages)
        if (!broken) yield* cpu.cli()
        const done = yield* cpu.load(answered)
        if (done === 1) break
        if (!broken) yield* cpu.sti()
        yield* cpu.x86.hlt()
      }
      if (!broken) yield* cpu.sti()
      yield* cpu.invlpg(pages)
    },
    interrupts: {
      *flush(cpu) {
        for (const from of cpu.others()) {
          const asked = cpu.shared.asked.of(from)
          const pages = yield* cpu.load(asked)
          if (pages === 0) continue
          yield* cpu.invlpg(pages)
          yield* cpu.store(asked, 0)
          yield* cpu.store(cpu.shared.answered.of(from), 1)
          yield* cpu.sendIpi(from, 'answer')
        }
      },
      *answer() {},
    },
  })
