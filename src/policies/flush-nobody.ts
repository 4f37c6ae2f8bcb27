/** The simplest mistake: the initiator flushes itself and nobody else. */
import { definePolicy } from './define.ts'

export const flushNobody = definePolicy({
  name: 'flush-nobody',
  summary: 'Flush the local CPU only; pages and tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'other CPUs keep their translations',
  fixedBy: 'native-ipi',
  *flush(cpu, request) {
    yield* cpu.flushLocal(request)
  },
})
