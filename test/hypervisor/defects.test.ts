/** Promises of the host that do not hold yet; each is reported with what happens and what should. */
import { describe, expect, it } from 'vitest'
import { ShootdownError } from '../../src/errors.ts'
import type { Code } from '../../src/engine/step.ts'
import type { HostCpu } from '../../src/hypervisor/host-cpu.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { programs } from '../machine/drive.ts'

describe('host code that names a vCPU which does not exist', () => {
  // Guest code is refused (sendIpi); host code writes to the words behind those of the last vCPU.
  const calls: readonly (readonly [string, (host: HostCpu) => Code<unknown>])[] = [
    ['flushVcpu', (host) => host.flushVcpu(2)],
    ['flushAtEntry', (host) => host.flushAtEntry(2)],
    ['isRunning', (host) => host.isRunning(2)],
    ['kick', (host) => host.kick(2)],
    ['flushVcpu of -1', (host) => host.flushVcpu(-1)],
  ]
  it.each(calls)('is refused with what would be right: %s', (_name, call) => {
    const policy = definePolicy({
      name: 'wild',
      summary: 'Names a vCPU that is not there',
      *flush() {},
      hypercalls: {
        *wild(host) {
          yield* call(host)
        },
      },
    })
    expect(() => {
      const d = programs([(cpu) => cpu.hypercall('wild', 0, [])], { policy, machine: { vcpus: 2 } })
      d.times(2, 'cpu0')
    }).toThrow(ShootdownError)
  })

  it('is refused where guest code names it in a hypercall or a call of a function', () => {
    expect(() => {
      const policy = definePolicy({ name: 'wild', summary: 'x', *flush() {}, hypercalls: { *wild() {} } })
      programs([(cpu) => cpu.hypercall('wild', 0, [0, 5])], { policy, machine: { vcpus: 2 } }).finish(0)
    }).toThrow(ShootdownError)
    expect(() => programs([(cpu) => cpu.syncByIpi([5])], { machine: { vcpus: 2 } })).toThrow(
      /CPU from 0 to 1/,
    )
  })
})
