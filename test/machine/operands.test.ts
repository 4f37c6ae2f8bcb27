/** What instructions are given: segments, addresses that are none, CPL, and what needs a feature that is off. */
import { describe, expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { PCIDE, SMEP } from '../../src/machine/control.ts'
import { A, G, MAPPED, P, PS, RSVD, RW, US, XD, entry, withKey } from '../../src/machine/entry.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'

const run = (machine: Partial<MachineConfig>, program: (cpu: X86) => Code<unknown>): readonly number[] => {
  const { outcomes } = experiment({ machine, cpus: [program as (cpu: X86) => Code<number[]>] })
  expect(outcomes).toHaveLength(1)
  return outcomes[0]
}

describe('a segment', () => {
  it('adds its base to an access, and refuses what is beyond its limit', () => {
    const [frame, own, inside, beyond] = run({ pages: [1, 2] }, function* (cpu) {
      return [
        (yield* cpu.read(1, { base: 1 })).frame,
        cpu.frame(2),
        (yield* cpu.write(1, 1, { limit: 1 })).gp,
        (yield* cpu.write(2, 1, { limit: 1 })).gp,
      ]
    })
    expect([frame, inside, beyond]).toEqual([own, 0, 1])
  })

  it('can lead an access out of the tables: #GP, which is no page fault', () => {
    expect(
      run({}, function* (cpu) {
        const { fault, gp, code } = yield* cpu.read(0, { base: 4 })
        return [fault, gp, code]
      }),
    ).toEqual([1, 1, 0])
  })
})

it('instructions of the kernel raise #GP at CPL 3, and do nothing', () => {
  const machine = { pcids: 2, levels: 4, protection: true, spare: 1 }
  expect(
    run(machine, function* (cpu) {
      const user = { cpl: 3 } as const
      yield* cpu.read(0)
      yield* cpu.map(0, cpu.spare())
      const done = [
        yield* cpu.invlpg(0, user),
        yield* cpu.invpcid(2, 0, 0, user),
        yield* cpu.loadCr3(0, user),
        yield* cpu.writeControls(SMEP, 0, user),
      ]
      const old = (yield* cpu.read(0)).frame === cpu.frame(0)
      yield* cpu.invlpg(0)
      return [...done, old, (yield* cpu.read(0)).frame === cpu.frame(0)]
    }),
  ).toEqual([0, 0, 0, 0, 1, 0])
})

it('bit 63 of CR3 is reserved while PCIDE is clear', () => {
  expect(
    run({ pcids: 2, levels: 4 }, function* (cpu) {
      const before = yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
      yield* cpu.loadCr3(0)
      yield* cpu.writeControls(0, PCIDE)
      return [before, yield* cpu.loadCr3(0, { noflush: true }), yield* cpu.loadCr3(0)]
    }),
  ).toEqual([1, 0, 1])
})

describe('without the feature', () => {
  const refusal =
    (program: (cpu: X86) => Code<unknown>): (() => unknown) =>
    () =>
      run({ levels: 4 }, program)

  it.each<[string, string, (cpu: X86) => Code<unknown>]>([
    ['XD', 'protection', (cpu) => cpu.map(0, 1, MAPPED | XD)],
    ['a reserved bit', 'protection', (cpu) => cpu.setFlags(1, 0, RSVD)],
    ['a protection key', 'protection', (cpu) => cpu.setFlags(2, 0, withKey(1))],
    ['an entry without US', 'protection', (cpu) => cpu.map(0, 1, P | RW | A)],
    ['US taken away', 'protection', (cpu) => cpu.clearFlags(1, 0, US)],
    ['PS above the PUD', 'protection', (cpu) => cpu.setEntry(4, 0, entry(1, MAPPED | PS))],
    ['a supervisor access', 'protection', (cpu) => cpu.read(0, { supervisor: true })],
    ['an implicit access', 'protection', (cpu) => cpu.read(0, { implicit: true })],
    ['a fetch', 'protection', (cpu) => cpu.fetch(0)],
    ['G', 'globals', (cpu) => cpu.xchgEntry(1, 0, entry(1, MAPPED | G))],
    ['a value', 'contents', (cpu) => cpu.write(0, 2)],
    ['INVPCID', 'pcids', (cpu) => cpu.invpcid(2)],
  ])('%s is refused, not ignored', (_what, feature, program) => {
    expect(refusal(program)).toThrow(`the machine's feature "${feature}" is off`)
  })

  it('control bits of a feature that is off are refused where another has brought control bits', () => {
    const bits = (): unknown => run({ globals: true }, (cpu) => cpu.writeControls(SMEP))
    expect(bits).toThrow('WP, SMEP, SMAP, AC, NXE or PKE is not there')
  })
})

it('an upper entry must lead to a table, or map a large page', () => {
  const wild = (): unknown => run({ spare: 1 }, (cpu) => cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED)))
  expect(wild).toThrow('frame of an entry of level 2 is 4; expected a table')
})

it('an entry leads to a frame that is there', () => {
  expect(() => run({}, (cpu) => cpu.map(0, 0))).toThrow('frame of an entry of level 1 is 0; expected a frame')
  expect(() => run({}, (cpu) => cpu.map(0, 9))).toThrow('expected a frame from 1 to 3')
})

it('a page that the scenario does not have is refused, while one that no table reaches is an address', () => {
  expect(() => run({}, (cpu) => cpu.read(1))).toThrow('page of an access is 1; expected one of 0')
})

describe('an access on behalf of an address space', () => {
  const broken = (loaded: number, meant?: number): string[] => [
    ...experiment({
      machine: { spaces: 2 },
      cpus: [
        function* (cpu) {
          yield* cpu.loadCr3(loaded)
          yield* cpu.read(0, meant === undefined ? {} : { space: meant })
        },
      ],
    }).violations.keys(),
  ]

  it('is foreign where another one is loaded', () => {
    expect(broken(1, 0)).toEqual(['address-space-isolation'])
    expect(broken(0, 1)).toEqual(['address-space-isolation'])
  })

  it('is like any other where it is the one that is loaded, and where none is named', () => {
    for (const loaded of [0, 1]) expect([broken(loaded, loaded), broken(loaded)]).toEqual([[], []])
  })

  it('names one that there is', () => {
    expect(() => broken(0, 2)).toThrow('space of an access is 2; expected 0 to 1.')
  })
})
