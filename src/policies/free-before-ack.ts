/** Sends the IPIs and does not wait for the answers: what is freed may still be cached. */
import { definePolicy } from './define.ts'

export const freeBeforeAck = definePolicy({
  name: 'free-before-ack',
  summary: 'Flush by IPI without waiting for the targets; pages and tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'a target uses its translation before it takes the IPI',
  fixedBy: 'native-ipi',
  *flush(cpu, request) {
    yield* cpu.flushLocal(request)
    yield* cpu.callFunction(request.targets, request, { wait: false })
  },
})
