/**
 * A wake-up lost because IPIs collapse: two CPUs queue a request each and send an IPI each, but a vector is pending once,
 * and a handler that takes one request for one interrupt leaves the other behind.
 */
import { queuePop, queuePush, queueTakeAll, queueWords } from '../../../src/guest/call-queue.ts'
import { definePolicy } from '../../../src/policies/define.ts'
import { perCpu } from '../../../src/machine/word.ts'
import { unmapping, wait, type Waiting } from './parts.ts'

export const collapsed = (how: Waiting, broken: boolean) =>
  definePolicy({
    ...unmapping,
    name: `collapsed-${how}-${broken ? 'one-each' : 'all'}`,
    summary: `Flush by queue and IPI; the handler takes ${broken ? 'one request' : 'all requests'}`,
    expected: broken ? 'broken' : 'safe',
    machine: { ...unmapping.machine, vcpus: 3, pcpus: 3 },
    shared: { queue: queueWords(), asked: perCpu({ max: 0xff }), unanswered: perCpu({ max: 63 }) },
    *flush(cpu, { pages, targets }) {
      const unanswered = cpu.shared.unanswered.of(cpu.id)
      yield* cpu.store(cpu.shared.asked.of(cpu.id), pages)
      yield* cpu.store(
        unanswered,
        targets.reduce((mask, target) => mask | (1 << target), 0),
      )
      for (const target of targets) {
        yield* queuePush(cpu, cpu.shared.queue.of(target), 1 + cpu.id)
        yield* cpu.sendIpi(target, 'flush')
      }
      yield* wait(how, cpu, unanswered, 0, pages)
      yield* cpu.invlpg(pages)
    },
    interrupts: {
      *flush(cpu) {
        const queue = cpu.shared.queue.of(cpu.id)
        const entries = broken ? [yield* queuePop(cpu, queue)] : yield* queueTakeAll(cpu, queue)
        for (const entry of entries) {
          if (entry === 0) continue
          yield* cpu.invlpg(yield* cpu.load(cpu.shared.asked.of(entry - 1)))
          yield* cpu.fetchAnd(cpu.shared.unanswered.of(entry - 1), ~(1 << cpu.id))
        }
      },
    },
  })
