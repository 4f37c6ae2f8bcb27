/** Guests of guests: an L1 hypervisor whose L2 runs under a VPID that the host finds for it. */
import { describe, expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { nestedVmx } from './nested-vmx.ts'
import { hypervList, hypervRcu, nativeIpi } from '../../src/policies/index.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'

describe('the VPID of an L2 guest', () => {
  /** L1 runs L2, gives up VMX, another VM uses the VPID meanwhile, L1 runs L2 again. */
  const run = (forgets: boolean) =>
    experiment({
      machine: { vcpus: 1, vpids: 2, spaces: 2 },
      policy: nestedVmx(forgets),
      cpus: [
        function* (cpu, _words, kernel) {
          for (const call of ['vmxon', 'enterL2', 'exitL2', 'vmxoff', 'runOther'])
            yield* kernel.hypercall(call, 0, [])
          yield* cpu.read(0)
          for (const call of ['runL1', 'vmxon', 'enterL2']) yield* kernel.hypercall(call, 0, [])
          const { frame } = yield* cpu.read(0)
          return frame === cpu.frame(0, 1) ? 1 : 0
        },
      ],
    })

  it('that was given out again serves another VM, unless its first entry flushes', () => {
    const broken = run(true)
    expect(broken.outcomes).toEqual([[0]])
    expect([...broken.violations.keys()]).toEqual(['address-space-isolation'])
    const fixed = run(false)
    expect([fixed.outcomes, fixed.violations.size]).toEqual([[[1]], 0])
  })
})

describe('a VPID with a past', () => {
  const witnesses = (warm: boolean): readonly string[] => {
    const policy = definePolicy({
      name: 'taking-over',
      summary: 'Takes over a VPID, with or without a past.',
      workload: ['take_over'],
      operations: {
        take_over: {
          summary: 'flush a VPID that may have been used',
          as: 'load',
          *run(cpu) {
            yield* cpu.hypercall('useVpid', 0, [])
            if (warm) yield* cpu.access(0, 'read')
            yield* cpu.hypercall('flushVpid', 0, [])
          },
        },
      },
      hypercalls: {
        *useVpid(host) {
          yield* host.vmx.loadVpid(2)
        },
        *flushVpid(host) {
          yield* host.vmx.invvpid(1, 2)
        },
      },
      *flush() {},
    })
    return verify({ policy, bounds: quiet({ vcpus: 1, vpids: 2, groups: [[0]] }), operations: 1 }).witnesses
  }

  it('is witnessed when INVVPID finds what it has cached', () => {
    expect(witnesses(true)).toEqual(['vpid-in-use'])
    expect(witnesses(false)).toEqual([])
  })
})

describe('policies of the guest', () => {
  it.each([
    ['nested paging', { ept: 1 }],
    ['all of nested paging', { ept: 1, eptDirty: true, eptTables: true, migration: true }],
    ['nested paging without VPID', { ept: 1, vpid: false }],
    ['VPIDs that are given out', { vpids: 2 }],
    ['emulation', { emulation: true }],
  ])('are judged alike with %s', (_what, features) => {
    const bounds = quiet({ groups: [[0]], ...features })
    const verdict = (policy: Parameters<typeof verify>[0]['policy']): string =>
      verify({ policy, bounds, operations: 2 }).verdict
    expect([nativeIpi, hypervRcu, hypervList].map(verdict)).toEqual(['safe', 'safe', 'race'])
  })
})
