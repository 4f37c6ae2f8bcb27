/** Our own facts about Remote Action Requests. */
import { RAR_FAILURE, RAR_PENDING, RAR_SUCCESS } from '../../../src/machine/events.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, guarded, no, readsOld, yes } from '../fact.ts'
import { freed, remote, words } from './remote.ts'

function* ask(cpu: X86, payload: number, slot = 0): Code<number> {
  const action = cpu.rar.action(1, slot)
  yield* cpu.store(cpu.rar.payload(slot), payload)
  yield* cpu.store(action, RAR_PENDING)
  yield* cpu.rar.send(1)
  yield* cpu.until(action, 0, RAR_PENDING)
  return yield* cpu.load(action)
}

export const rar = [
  fact('rar', 'a CPU with IF clear uses the old translation after a RAR that succeeded', no, {
    ...remote(
      function* (cpu, careful) {
        if (careful) yield* ask(cpu, cpu.rar.request({ pages: 1 }))
      },
      { rar: 1 },
    ),
  }),
  fact('rar-second', 'a request in the second place of the payload table is not served', no, {
    ...remote(
      function* (cpu, careful) {
        if (careful) yield* ask(cpu, cpu.rar.request({ pages: 1 }), 1)
      },
      { rar: 2 },
    ),
  }),
  guarded('rar-table', 'a walker is in a table after a RAR that succeeded', 'hardware-walk', (careful) =>
    freed(
      function* (cpu) {
        if (careful) yield* ask(cpu, cpu.rar.request({ pages: 1 }))
      },
      { rar: 1 },
    ),
  ),
  fact('rar-idle', 'a RAR signal makes a CPU serve an action that is not PENDING', no, {
    machine: { spare: 1, rar: 1 },
    words,
    setup: [
      function* (cpu, { cached }) {
        yield* cpu.store(cached, 1)
      },
      function* (cpu) {
        yield* cpu.read(0)
      },
    ],
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        const asks = yield* cpu.choose(2)
        yield* cpu.store(cpu.rar.payload(0), cpu.rar.request({ pages: 1 }))
        if (asks) yield* cpu.store(cpu.rar.action(1, 0), RAR_PENDING)
        yield* cpu.rar.send(1)
        return asks
      },
      (cpu) => readsOld(cpu),
    ],
    reached: (asks, old) => asks === 0 && old === 0,
    sometimes: (asks, old) => asks === 1 && old === 0,
  }),
  fact('rar-failure', 'a payload that is no request fails', yes, {
    machine: { rar: 1 },
    cpus: [
      function* (cpu) {
        const valid = yield* cpu.choose(2)
        return [valid, yield* ask(cpu, valid ? cpu.rar.request({ pages: 1 }) : 0)]
      },
      function* () {},
    ],
    reached: (valid, answer) => valid === 0 && answer === RAR_FAILURE,
    never: (valid, answer) => answer !== (valid ? RAR_SUCCESS : RAR_FAILURE),
  }),
]
