/**
 * Two that back off in lockstep: each has the lock of its own page and tries that of the other, lets go when it fails,
 * and begins anew. The order of the locks cures it.
 */
import type { Code } from '../../../src/engine/step.ts'
import { lockWord, spinTrylock, spinUnlock } from '../../../src/guest/spinlock.ts'
import { definePolicy } from '../../../src/policies/define.ts'
import { nativeIpi } from '../../../src/policies/index.ts'
import { unmapping } from './parts.ts'

export const backingOff = (broken: boolean) =>
  definePolicy({
    name: `trylocks-${broken ? 'crossed' : 'in-order'}`,
    summary: `Two locks, both tried ${broken ? 'in an order of its own on each page' : 'in one order'}`,
    expected: broken ? 'broken' : 'safe',
    workload: ['exchange'],
    machine: unmapping.machine,
    shared: { first: lockWord(), second: lockWord() },
    operations: {
      exchange: {
        summary: 'take two locks, or neither, until it has both',
        subject: 'page',
        *run(cpu, page): Code {
          const locks = [cpu.shared.first.of(), cpu.shared.second.of()]
          const [one, other] = broken && page !== 0 ? locks.toReversed() : locks
          for (;;) {
            yield* cpu.checkpoint('try')
            if (!(yield* spinTrylock(cpu, one))) continue
            if (yield* spinTrylock(cpu, other)) break
            yield* spinUnlock(cpu, one)
          }
          yield* spinUnlock(cpu, other)
          yield* spinUnlock(cpu, one)
        },
      },
    },
    *flush(cpu, request) {
      yield* nativeIpi.flush(cpu, request, 0)
    },
  })
