/** A policy that flushes nothing and has one hypercall for each thing that host code can do. */
import { perCpu } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'

export const calling = definePolicy({
  name: 'calling',
  summary: 'Calls the host for this and that',
  shared: { seen: perCpu({ max: 20 }) },
  *flush() {},
  hypercalls: {
    *flag(host, _pages, cpus) {
      for (const target of cpus) yield* host.flushAtEntry(target)
    },
    *flush(host, pages, cpus) {
      for (const target of cpus) yield* host.flushVcpu(target, pages)
    },
    *kick(host, _pages, cpus) {
      for (const target of cpus) yield* host.kick(target)
      yield* host.waitForKicks(cpus)
    },
    *running(host, _pages, cpus) {
      return (yield* host.isRunning(cpus[0])) ? 1 : 0
    },
    *who(host) {
      return 10 + host.vcpu
    },
    *slow(host) {
      for (let i = 0; i < 2; i++) yield* host.store(host.shared.seen.of(host.vcpu), i)
    },
    *nothing() {},
  },
})
