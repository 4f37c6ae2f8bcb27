/** IF=0 on both sides: two CPUs send each other an IPI and wait for the answer. With IF=0 meanwhile, neither gives one. */
import { definePolicy } from '../../../src/policies/define.ts'
import { perCpu } from '../../../src/machine/word.ts'
import { unmapping, wait, type Waiting } from './parts.ts'

export const crossed = (how: Waiting, broken: boolean) =>
  definePolicy({
    ...unmapping,
    name: `crossed-${how}-${broken ? 'irqs-off' : 'irqs-on'}`,
    summary: `Flush by IPI and wait with interrupts ${broken ? 'off' : 'on'}`,
    expected: broken ? 'broken' : 'safe',
    shared: { asked: perCpu({ max: 0xff }), unanswered: perCpu({ max: 63 }) },
    *flush(cpu, { pages, targets }) {
      const unanswered = cpu.shared.unanswered.of(cpu.id)
      if (broken) yield* cpu.cli()
      yield* cpu.store(cpu.shared.asked.of(cpu.id), pages)
      yield* cpu.store(
        unanswered,
        targets.reduce((mask, target) => mask | (1 << target), 0),
      )
      for (const target of targets) yield* cpu.sendIpi(target, 'flush')
      yield* wait(how, cpu, unanswered, 0, pages)
      yield* cpu.invlpg(pages)
      if (broken) yield* cpu.sti()
    },
    interrupts: {
      *flush(cpu) {
        for (const from of cpu.others()) {
          const unanswered = cpu.shared.unanswered.of(from)
          if (((yield* cpu.load(unanswered)) & (1 << cpu.id)) === 0) continue
          yield* cpu.invlpg(yield* cpu.load(cpu.shared.asked.of(from)))
          yield* cpu.fetchAnd(unanswered, ~(1 << cpu.id))
        }
      },
    },
  })
