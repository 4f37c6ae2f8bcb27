/** Flushes before the tables change: what is cached in between stays for ever. */
import { definePolicy } from './define.ts'
import { nativeIpi } from './native-ipi.ts'

export const flushBeforeUnhook = definePolicy({
  name: 'flush-before-unhook',
  summary: 'Flush by IPI and wait, but before the entries are cleared; freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'a CPU caches the translation again between the flush and the unhooking',
  fixedBy: 'native-ipi',
  *gather(cpu, request) {
    yield* nativeIpi.flush(cpu, request, 0)
  },
  *flush() {},
})
