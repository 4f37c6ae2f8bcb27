/** Our own facts about upper-level entries and the tags they carry: which invalidation under which PCID leaves which. */
import { P, PS, G, MAPPED, US, XD, entry } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import {
  ALL_BUT_GLOBAL,
  ALL_CONTEXTS,
  INDIVIDUAL_ADDRESS,
  SINGLE_CONTEXT,
} from '../../../src/machine/pcid.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

type Act = (cpu: X86) => Code<unknown>
const wayToPage1: Act = (cpu) => cpu.read(1)

/** The way to page 1 is cached; its PMD entry comes to lead elsewhere; `act` is done or not; page 0 beside it is read. */
const rerouted = (act: Act, machine: Partial<MachineConfig>, warm: Act = wayToPage1) => ({
  machine: { pages: [0, 1, 2], ...machine },
  *setup(cpu: X86): Code {
    yield* warm(cpu)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
      const acted = yield* cpu.choose(2)
      if (acted) yield* act(cpu)
      return [acted, Number(yield* readsOld(cpu))]
    },
  ],
})
const kept = (acted: number, old: number): boolean => acted === 1 && old === 1
const otherwise = (acted: number, old: number): boolean => acted === 0 && old === 1
const leaves = (id: string, title: string, act: Act, machine: Partial<MachineConfig> = {}, warm?: Act) =>
  fact(id, title, yes, { ...rerouted(act, machine, warm), reached: kept })
/** What is cached may vanish, which changes nothing where it must. */
const drops = (id: string, title: string, act: Act, machine: Partial<MachineConfig> = {}, warm?: Act) =>
  fact(id, title, no, {
    ...rerouted(act, { eviction: true, ...machine }, warm),
    reached: kept,
    sometimes: otherwise,
  })

const one = { pcids: 1, uncachedLevels: 0b1100 }
const two = { pcids: 2, uncachedLevels: 0b1100 }
/** The way to page 1 is cached under PCID 1, and PCID 0 is current. */
const underPcid1: Act = function* (cpu) {
  yield* cpu.loadCr3(0, { pcid: 1 })
  yield* cpu.read(1)
  yield* cpu.loadCr3(0, { pcid: 0 })
}
/** Does something under PCID 0, then makes PCID 1 current again. */
const andBack = (act: Act): Act =>
  function* (cpu) {
    yield* act(cpu)
    yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
  }
/** The same with a twin that makes PCID 1 current as well. */
const dropsOfPcid1 = (id: string, title: string, act: Act) => {
  const { cpus: _cpus, ...scenario } = rerouted(act, { ...two, eviction: true }, underPcid1)
  return fact(id, title, no, {
    ...scenario,
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        const acted = yield* cpu.choose(2)
        if (acted) yield* act(cpu)
        yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
        return [acted, yield* readsOld(cpu)]
      },
    ],
    reached: kept,
    sometimes: otherwise,
  })
}

export const upperLevels = [
  leaves(
    'upper-noflush',
    'MOV to CR3 with NOFLUSH leaves an upper-level entry',
    (cpu) => cpu.loadCr3(0, { noflush: true }),
    one,
  ),
  leaves(
    'upper-cr3-other',
    'MOV to CR3 of another PCID leaves an upper-level entry of the one before',
    function* (cpu) {
      yield* cpu.loadCr3(0, { pcid: 1 })
      yield* cpu.loadCr3(0, { pcid: 0, noflush: true })
    },
    two,
  ),
  leaves(
    'upper-invlpg-other',
    'INVLPG leaves an upper-level entry of another PCID',
    andBack((cpu) => cpu.invlpg(1)),
    two,
    underPcid1,
  ),
  leaves(
    'upper-invpcid-beside',
    'INVPCID of an address leaves an upper-level entry that is not on its way',
    (cpu) => cpu.invpcid(INDIVIDUAL_ADDRESS, 0, 2),
    one,
  ),
  leaves(
    'upper-invpcid-own',
    'INVPCID of another context leaves an upper-level entry',
    (cpu) => cpu.invpcid(SINGLE_CONTEXT, 1),
    two,
  ),
  dropsOfPcid1(
    'upper-invpcid-named',
    'INVPCID of a context that is not current leaves an upper-level entry of it',
    (cpu) => cpu.invpcid(SINGLE_CONTEXT, 1),
  ),
  dropsOfPcid1(
    'upper-invpcid-all',
    'INVPCID of all contexts leaves an upper-level entry of a PCID that is not current',
    (cpu) => cpu.invpcid(ALL_CONTEXTS),
  ),
  dropsOfPcid1(
    'upper-invpcid-but-global',
    'INVPCID of all but global translations leaves an upper-level entry',
    (cpu) => cpu.invpcid(ALL_BUT_GLOBAL),
  ),
  drops(
    'upper-global',
    'an upper-level entry on the way to a global translation outlives MOV to CR3',
    (cpu) => cpu.reloadCr3(),
    { globals: true },
    function* (cpu) {
      yield* cpu.setFlags(1, 1, G)
      yield* cpu.read(1)
    },
  ),
  leaves(
    'upper-fault-beside',
    'a page fault leaves an upper-level entry that is not on its way',
    (cpu) => cpu.read(2),
    {},
    function* (cpu) {
      yield* cpu.unmap(2)
      yield* cpu.read(1)
    },
  ),
  ...[2, 3, 4].map((level) =>
    fact(
      `upper-level-${level}`,
      `an entry of level ${level} is not looked at while a way below it is cached`,
      yes,
      {
        machine: { pages: [0, 1], levels: 4 },
        *setup(cpu) {
          yield* cpu.read(1)
        },
        cpus: [
          function* (cpu) {
            yield* cpu.setEntry(level, 0, 0)
            return (yield* cpu.read(0)).fault
          },
        ],
        reached: (fault) => fault === 0,
        never: (fault) => fault === 1,
      },
    ),
  ),
  fact('upper-level-below', 'an entry below the cached way is not looked at', no, {
    machine: { pages: [0, 1], levels: 4, uncachedLevels: 0b0110, eviction: true },
    *setup(cpu) {
      yield* cpu.read(1)
    },
    cpus: [
      function* (cpu) {
        const level = 3 + (yield* cpu.choose(2))
        yield* cpu.setEntry(level, 0, 0)
        return [level, (yield* cpu.read(0)).fault]
      },
    ],
    reached: (level, fault) => level === 3 && fault === 0,
    sometimes: (level, fault) => level === 4 && fault === 0,
  }),
  fact('upper-empty', 'the way to a table without present entries is cached', yes, {
    machine: { pages: [0, 2], speculation: 1 },
    *setup(cpu) {
      yield* cpu.unmap(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        return (yield* cpu.read(0)).fault
      },
    ],
    reached: (fault) => fault === 1,
  }),
  fact('upper-absent', 'an upper-level entry that is not present is cached', no, {
    machine: { pages: [0, 1], ...restless },
    *setup(cpu) {
      yield* cpu.clearFlags(2, 0, P)
    },
    cpus: [
      function* (cpu) {
        const before = (yield* cpu.read(1)).fault
        const linked = yield* cpu.choose(2)
        if (linked) yield* cpu.setFlags(2, 0, P)
        return [linked, before, (yield* cpu.read(0)).fault]
      },
    ],
    reached: (linked, before, fault) => linked === 1 && before === 1 && fault === 1,
    sometimes: (linked, before, fault) => linked === 0 && before === 1 && fault === 1,
  }),
  fact('upper-large', 'an upper-level entry of a large page counts as the way to a table', no, {
    machine: { pages: [0, 1], spare: 1, eviction: true },
    *setup(cpu) {
      yield* cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED | PS))
    },
    cpus: [
      function* (cpu) {
        const beside = yield* cpu.choose(2)
        yield* cpu.read(beside)
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), MAPPED))
        return [beside, (yield* cpu.read(0)).frame === cpu.spare()]
      },
    ],
    reached: kept,
    sometimes: otherwise,
  }),
  ...(
    [
      ['xd', 'XD', (cpu: X86) => cpu.setFlags(2, 0, XD), (cpu: X86) => cpu.clearFlags(2, 0, XD), 'fetch'],
      ['us', 'no U/S', (cpu: X86) => cpu.clearFlags(2, 0, US), (cpu: X86) => cpu.setFlags(2, 0, US), 'read'],
    ] as const
  ).map(([id, name, put, take, kind]) =>
    fact(`upper-${id}`, `an upper-level entry is used with ${name} as it was when it was cached`, yes, {
      machine: { pages: [0, 1], protection: true },
      *setup(cpu) {
        yield* put(cpu)
        yield* cpu.read(1, { supervisor: true })
      },
      cpus: [
        function* (cpu) {
          yield* take(cpu)
          return (yield* cpu[kind](0)).fault
        },
      ],
      reached: (fault) => fault === 1,
      never: (fault) => fault === 0,
    }),
  ),
  ...(
    [
      ['translation', 0],
      ['way', 1],
    ] as const
  ).map(([what, page]) =>
    fact(
      `noflush-root-${what}`,
      `MOV to CR3 with NOFLUSH uses a ${what} of another root under the same PCID`,
      yes,
      {
        machine: { spaces: 2, pcids: 1, pages: [0, 1] },
        *setup(cpu) {
          yield* cpu.read(page)
        },
        cpus: [
          function* (cpu) {
            const flushes = yield* cpu.choose(2)
            yield* cpu.loadCr3(1, { noflush: flushes === 0 })
            return [flushes, yield* readsOld(cpu)]
          },
        ],
        reached: otherwise,
        never: kept,
      },
    ),
  ),
]
