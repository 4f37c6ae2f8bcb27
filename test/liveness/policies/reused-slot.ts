/**
 * A slot that is used again before the ack: a flush of a page and the table above it is two requests through one slot,
 * and two answers are waited for. Whoever does not wait for the slot to be free overwrites the first.
 */
import type { Code } from '../../../src/engine/step.ts'
import type { AnyCpu } from '../../../src/guest/cpu.ts'
import { definePolicy } from '../../../src/policies/define.ts'
import { perCpu, type Word } from '../../../src/machine/word.ts'
import { unmapping, wait, type Waiting } from './parts.ts'

const REQUESTS = 2

export const reusedSlot = (how: Waiting, broken: boolean) =>
  definePolicy({
    ...unmapping,
    name: `slot-${how}-${broken ? 'reused' : 'awaited'}`,
    summary: `Two requests through one slot, which is ${broken ? 'not ' : ''}waited for`,
    expected: broken ? 'broken' : 'safe',
    shared: { slot: perCpu({ max: 0xff }), answers: perCpu({ max: REQUESTS }) },
    *flush(cpu, { pages, targets: [target] }) {
      if (target === undefined) return yield* cpu.invlpg(pages)
      const slot: Word = cpu.shared.slot.of(cpu.id)
      const answers: Word = cpu.shared.answers.of(cpu.id)
      yield* cpu.store(answers, 0)
      for (let request = 0; request < REQUESTS; request++) {
        if (!broken) yield* wait(how, cpu, slot, 0, pages, request)
        yield* cpu.store(slot, pages)
        yield* cpu.sendIpi(target, 'flush')
      }
      yield* wait(how, cpu, answers, REQUESTS, pages)
      yield* cpu.invlpg(pages)
    },
    interrupts: {
      *flush(cpu) {
        for (const from of cpu.others())
          yield* serve(cpu, cpu.shared.slot.of(from), cpu.shared.answers.of(from))
      },
    },
  })

function* serve(cpu: AnyCpu, slot: Word, answers: Word): Code {
  const pages = yield* cpu.load(slot)
  if (pages === 0) return
  yield* cpu.invlpg(pages)
  yield* cpu.store(slot, 0)
  yield* cpu.fetchAdd(answers, 1)
}
