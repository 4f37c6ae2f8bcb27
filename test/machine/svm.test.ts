/** SVM: what it refuses, what is judged of nested tables that a tag does not tell apart, and broadcasts among ASIDs. */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import { machineConfig, type MachineConfig } from '../../src/machine/config.ts'
import { EPT_R, EPT_RWX } from '../../src/machine/ept-entry.ts'
import type { X86 } from '../../src/machine/x86.ts'

const run = (
  machine: Partial<MachineConfig>,
  program: (cpu: X86) => Code<number | boolean | void>,
): Experiment => experiment({ machine: { svm: true, vpids: 2, spare: 1, ...machine }, cpus: [program] })
const broken = (machine: Partial<MachineConfig>, program: (cpu: X86) => Code): string[] => [
  ...run(machine, program).violations.keys(),
]

describe('a machine with SVM', () => {
  it('has ASIDs to give out', () => {
    expect(() => machineConfig({ svm: true })).toThrow(
      'machine.svm is true; expected false, because "vpids" is 0 and there are no ASIDs.',
    )
  })

  it.each([
    ['INVVPID', (cpu: X86) => cpu.vmx.invvpid(1, 1)],
    ['INVEPT', (cpu: X86) => cpu.vmx.invept(2)],
    ['VMWRITE', (cpu: X86) => cpu.vmx.loadVpid(2)],
    ['VMWRITE', (cpu: X86) => cpu.vmx.loadEptp(0)],
  ] as const)('refuses %s', (what, use) => {
    const program = function* (cpu: X86): Code {
      yield* use(cpu)
    }
    expect(() => run({ ept: 1 }, program)).toThrow(
      `machine.svm is true; expected false for ${what} of VMX; with SVM, VMRUN loads tags and flushes.`,
    )
  })

  it('refuses ASIDs, nested tables and flushes that there are not', () => {
    const runs = (machine: Partial<MachineConfig>, given: Parameters<X86['svm']['vmrun']>[0]) => () =>
      run(machine, (cpu) => cpu.svm.vmrun(given))
    expect(runs({}, { asid: 0 })).toThrow('ASID of vmrun is 0; expected 1 to 2.')
    expect(runs({}, { asid: 3 })).toThrow('ASID of vmrun is 3; expected 1 to 2.')
    expect(runs({}, { asid: 1, nested: 0 })).toThrow('feature "ept" is off')
    expect(runs({ ept: 1 }, { asid: 1, nested: 1 })).toThrow('nested tables of vmrun is 1; expected 0 to 0.')
    expect(runs({}, { asid: 1, tlbControl: 2 })).toThrow('TLB_CONTROL is 2; expected 0, 1, 3 or 7.')
    expect(runs({ svm: false }, { asid: 1 })).toThrow('feature "svm" is off')
  })
})

describe('an ASID that is on other nested tables', () => {
  const other = (tlbControl: number) =>
    function* (cpu: X86): Code {
      yield* cpu.read(0)
      yield* cpu.svm.vmrun({ asid: 1, nested: 1, tlbControl })
      yield* cpu.read(0)
    }

  it('must be flushed before it uses what the first have left', () => {
    expect(broken({ ept: 2 }, other(0))).toEqual(['address-space-isolation'])
    expect(broken({ ept: 2 }, other(3))).toEqual([])
  })

  it('is judged by the tables that a translation was made with', () => {
    const flushed = (ept: number) =>
      function* (cpu: X86): Code {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX, ept)
        yield* cpu.vmx.flushEpt(cpu.frame(0), function* () {}, ept)
        yield* cpu.read(0)
      }
    expect(broken({ ept: 2 }, flushed(0))).toEqual(['stale-translation'])
    expect(broken({ ept: 2 }, flushed(1))).toEqual([])
  })
})

it('a flush of an ASID ends what nested tables gave, and the flush of a right is complete', () => {
  const written = (tlbControl: number) =>
    function* (cpu: X86): Code {
      yield* cpu.write(0)
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), EPT_R)
      yield* cpu.vmx.flushEpt(cpu.frame(0), () => cpu.svm.vmrun({ asid: 1, tlbControl }))
      yield* cpu.write(0)
    }
  expect(broken({ ept: 1 }, written(3))).toEqual([])
  expect(broken({ ept: 1 }, written(0))).toEqual(['write-protection'])
})

it('INVLPGB reaches what an ASID has cached that is not loaded', () => {
  const program = function* (cpu: X86): Code<boolean> {
    yield* cpu.svm.vmrun({ asid: 2 })
    yield* cpu.read(0)
    yield* cpu.svm.vmrun({ asid: 1 })
    yield* cpu.map(0, cpu.spare())
    yield* cpu.invlpgb({})
    yield* cpu.tlbsync()
    yield* cpu.svm.vmrun({ asid: 2 })
    return (yield* cpu.read(0)).frame === cpu.frame(0)
  }
  expect(run({ invlpgb: 1 }, program).outcomes).toEqual([[0]])
})
