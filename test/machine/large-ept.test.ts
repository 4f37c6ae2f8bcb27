/** Large pages of EPT: what is refused, and what is judged of one. */
import { expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment } from '../../src/experiment/experiment.ts'
import { machineConfig } from '../../src/machine/config.ts'
import { EPT_R, EPT_RWX, EPT_W } from '../../src/machine/ept-entry.ts'
import type { X86 } from '../../src/machine/x86.ts'

const machine = { ept: 1, eptTables: true, eptLarge: true, spare: 4 }
const violated = (program: (cpu: X86) => Code, more = {}): string[] => [
  ...experiment({ machine: { ...machine, ...more }, cpus: [program] }).violations.keys(),
]

it('they need a level above the last', () => {
  expect(() => machineConfig({ ept: 1, eptLarge: true })).toThrow(
    'machine.eptLarge is true; expected false, because "eptTables" is off and there is no level above the last.',
  )
})

it('they are refused where they are off, lie elsewhere than host frames, or give no right', () => {
  const mapping =
    (hostOf: (cpu: X86) => number, flags: number, more = {}) =>
    () =>
      violated((cpu) => cpu.vmx.mapLargeEpt(cpu.frame(0), hostOf(cpu), flags), more)
  const own = (cpu: X86): number => cpu.frame(0)
  expect(mapping(own, EPT_RWX, { eptLarge: false })).toThrow('feature "eptLarge" is off')
  expect(mapping((cpu) => cpu.spare(0), EPT_RWX)).toThrow(
    'host frame of mapLargeEpt is 4; expected a frame at the same place of its four as 3, with all of them from 1 to 7.',
  )
  expect(mapping((cpu) => cpu.spare(3), EPT_RWX, { spare: 3 })).toThrow('spare(index) is 3')
  expect(mapping(() => 11, EPT_RWX)).toThrow('host frame of mapLargeEpt is 11')
  expect(mapping(own, EPT_W)).toThrow('EPT misconfigurations are not modelled')
  expect(mapping(own, 0)).toThrow('flags of mapLargeEpt is 0')
})

it('a large page that was split is not used any more once its flush is complete', () => {
  const splitting = (flushes: boolean) =>
    function* (cpu: X86): Code {
      yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
      yield* cpu.read(0)
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      yield* cpu.vmx.linkEptTable(cpu.frame(0), true)
      yield* cpu.vmx.flushEpt(cpu.frame(0), function* () {
        if (flushes) yield* cpu.vmx.invept(1)
      })
      yield* cpu.read(0)
    }
  expect(violated(splitting(true))).toEqual([])
  expect(violated(splitting(false))).toEqual(['stale-translation'])
})

it('an EPT table is not walked that a large page took the place of, once INVEPT is done', () => {
  const freeing = (flushes: boolean) =>
    function* (cpu: X86): Code {
      yield* cpu.read(0)
      yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
      if (flushes) yield* cpu.vmx.invept(1)
      yield* cpu.vmx.freeEptTable(cpu.frame(0))
      yield* cpu.map(0, cpu.table(1, 0))
      yield* cpu.invlpg(0)
      yield* cpu.read(0)
    }
  const more = { eviction: true }
  expect(violated(freeing(true), more)).toEqual([])
  expect(violated(freeing(false), more)).toEqual(['hardware-walk'])
})

it('host code that translates by software follows them', () => {
  const { outcomes } = experiment({
    machine: { ...machine, emulation: true },
    hypercalls: {
      *look(host) {
        yield* host.vmx.mapLargeEpt(3, 7, EPT_R)
        if (!(yield* host.emulator.translate(0))) return 0
        return (yield* host.emulator.access()).frame
      },
    },
    cpus: [
      function* (_cpu, _words, kernel) {
        return yield* kernel.hypercall('look', 0, [])
      },
    ],
  })
  expect(outcomes).toEqual([[7]])
})
