/**
 * A full ring without a fallback: a CPU has a ring of one entry for what others ask of it, and a flush puts two in. Who
 * waits for room with IF=0 does not empty its own ring, for which the other CPU waits. The fallback is a flag that says:
 * flush everything.
 */
import { definePolicy } from '../../../src/policies/define.ts'
import { perCpu } from '../../../src/machine/word.ts'
import { unmapping, wait, type Waiting } from './parts.ts'

const REQUESTS = 2
const ALL = 0xff

export const fullRing = (how: Waiting, broken: boolean) =>
  definePolicy({
    ...unmapping,
    name: `ring-${how}-${broken ? 'waits' : 'falls-back'}`,
    summary: `Requests through a ring of one entry; when it is full, ${broken ? 'wait' : 'ask to flush everything'}`,
    expected: broken ? 'broken' : 'safe',
    shared: { ring: perCpu({ max: 0xff }), everything: perCpu() },
    *flush(cpu, { pages, targets: [target] }) {
      if (target === undefined) return yield* cpu.invlpg(pages)
      const ring = cpu.shared.ring.of(target)
      const everything = cpu.shared.everything.of(target)
      for (let request = 0; request < REQUESTS; request++) {
        yield* cpu.cli()
        if (broken) {
          yield* wait(how, cpu, ring, 0, pages, request)
          yield* cpu.store(ring, pages)
        } else if ((yield* cpu.cmpxchg(ring, 0, pages)) !== 0) yield* cpu.store(everything, 1)
        yield* cpu.sendIpi(target, 'flush')
        yield* cpu.sti()
      }
      yield* wait(how, cpu, ring, 0, pages, REQUESTS)
      yield* wait(how, cpu, everything, 0, pages)
      yield* cpu.invlpg(pages)
    },
    interrupts: {
      *flush(cpu) {
        const ring = cpu.shared.ring.of(cpu.id)
        const everything = cpu.shared.everything.of(cpu.id)
        const pages = yield* cpu.load(ring)
        if ((yield* cpu.load(everything)) === 1) {
          yield* cpu.invlpg(ALL)
          yield* cpu.store(everything, 0)
        }
        if (pages === 0) return
        yield* cpu.invlpg(pages)
        yield* cpu.store(ring, 0)
      },
    },
  })
