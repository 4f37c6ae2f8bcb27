/** Our own facts about VPIDs and EPT: what the guest's invalidations and the host's leave of which kind of mapping. */
import { EPT_VIOLATION } from '../../../src/machine/access-result.ts'
import { PGE } from '../../../src/machine/control.ts'
import { EPT_D, EPT_R, EPT_RWX, EPT_X } from '../../../src/machine/ept-entry.ts'
import { G, MAPPED } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import { ALL_CONTEXTS } from '../../../src/machine/pcid.ts'
import { variable } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

type Act = (cpu: X86, kernel: Cpu) => Code<unknown>
const SINGLE = 1
const ALL = 2
const BUT_GLOBAL = 3

/** Page 0 is cached under VPID 1; something moves; `act` is done or not; page 0 is read under VPID 1. */
const moved = (move: Act, act: Act, machine: Partial<MachineConfig>, flags = 0) => ({
  machine: { vpids: 2, spare: 1, ...machine },
  *setup(cpu: X86): Code {
    if (flags !== 0) yield* cpu.setFlags(1, 0, flags)
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86, _words: unknown, kernel: Cpu): Code<number[]> {
      yield* move(cpu, kernel)
      const acted = yield* cpu.choose(2)
      if (acted) yield* act(cpu, kernel)
      return [acted, Number(yield* readsOld(cpu))]
    },
  ],
})
const remap: Act = (cpu) => cpu.map(0, cpu.spare())
const remapGlobal: Act = (cpu) => cpu.map(0, cpu.spare(), MAPPED | G)
/** The host frame changes, the guest's tables do not. */
const rehost: Act = (cpu) => cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
/** Does something under VPID 2. */
const elsewhere = (act: Act): Act =>
  function* (cpu, kernel) {
    yield* cpu.vmx.loadVpid(2)
    yield* act(cpu, kernel)
    yield* cpu.vmx.loadVpid(1)
  }
const kept = (acted: number, old: number): boolean => acted === 1 && old === 1
const otherwise = (acted: number, old: number): boolean => acted === 0 && old === 1

const leaves = (
  id: string,
  title: string,
  move: Act,
  act: Act,
  machine: Partial<MachineConfig> = {},
  flags = 0,
) => fact(id, title, yes, { ...moved(move, act, machine, flags), reached: kept })
const drops = (
  id: string,
  title: string,
  move: Act,
  act: Act,
  machine: Partial<MachineConfig> = {},
  flags = 0,
) =>
  fact(id, title, no, {
    ...moved(move, act, { eviction: true, ...machine }, flags),
    reached: kept,
    sometimes: otherwise,
  })
const ept = { ept: 1 }

export const nested = [
  leaves(
    'vpid-invlpg',
    'INVLPG leaves what another VPID has cached',
    remap,
    elsewhere((cpu) => cpu.invlpg(0)),
  ),
  leaves(
    'vpid-invlpg-global',
    'INVLPG leaves a global translation of another VPID',
    remapGlobal,
    elsewhere((cpu) => cpu.invlpg(0)),
    { globals: true },
    G,
  ),
  leaves(
    'vpid-invpcid',
    'INVPCID of all contexts leaves what another VPID has cached',
    remap,
    elsewhere((cpu) => cpu.invpcid(ALL_CONTEXTS)),
    {
      pcids: 1,
    },
  ),
  leaves(
    'vpid-cr4',
    'a change of PGE leaves what another VPID has cached',
    remap,
    elsewhere((cpu) => cpu.writeControls(0, PGE)),
    {
      globals: true,
    },
  ),
  leaves(
    'vpid-cr3',
    'MOV to CR3 leaves what another VPID has cached',
    remap,
    elsewhere((cpu) => cpu.reloadCr3()),
  ),
  drops('vpid-fresh', 'a VPID that was not used before finds a translation of another', remap, (cpu) =>
    cpu.vmx.loadVpid(2),
  ),
  drops(
    'invvpid-single',
    'INVVPID of a context leaves what it has cached, while another is current',
    remap,
    elsewhere((cpu) => cpu.vmx.invvpid(SINGLE, 1)),
  ),
  leaves('invvpid-other', 'INVVPID of a context leaves what another has cached', remap, (cpu) =>
    cpu.vmx.invvpid(SINGLE, 2),
  ),
  leaves(
    'invvpid-global',
    'INVVPID that retains global translations does',
    remapGlobal,
    (cpu) => cpu.vmx.invvpid(BUT_GLOBAL, 1),
    { globals: true },
    G,
  ),
  drops('invvpid-not-global', 'INVVPID that retains global translations leaves another', remap, (cpu) =>
    cpu.vmx.invvpid(BUT_GLOBAL, 1),
  ),
  leaves('invept-linear', 'INVEPT leaves a linear mapping', remap, (cpu) => cpu.vmx.invept(ALL)),
  leaves(
    'guest-invlpg',
    'INVLPG of the guest leaves a guest-physical mapping',
    rehost,
    (cpu) => cpu.invlpg(0),
    ept,
  ),
  leaves(
    'guest-invvpid',
    'INVVPID of all contexts leaves a guest-physical mapping',
    rehost,
    (cpu) => cpu.vmx.invvpid(ALL),
    ept,
  ),
  leaves(
    'guest-exit',
    'a VM exit leaves a guest-physical mapping, VPIDs or not',
    rehost,
    (_cpu, kernel) => kernel.hypercall('XenFlushTlb', 0, []),
    {
      ...ept,
      vpids: 0,
      vpid: false,
    },
  ),
  drops(
    'combined-invlpg',
    'INVLPG of the guest leaves a combined mapping',
    remap,
    (cpu) => cpu.invlpg(0),
    ept,
  ),
  drops(
    'combined-invept',
    'INVEPT leaves a combined mapping whose guest entry has changed',
    remap,
    (cpu) => cpu.vmx.invept(SINGLE),
    ept,
  ),
  drops(
    'combined-vpid',
    'INVEPT leaves what another VPID has cached',
    rehost,
    elsewhere((cpu) => cpu.vmx.invept(SINGLE)),
    ept,
  ),
  leaves(
    'combined-ept',
    'INVEPT of another EPT leaves what was made with the first',
    rehost,
    (cpu) => cpu.vmx.invept(SINGLE, 1),
    { ept: 2 },
  ),
  fact('invept-remote', 'INVEPT of one CPU leaves what another has cached', yes, {
    machine: { ...ept, spare: 1 },
    words: { go: variable() },
    setup: [
      function* () {},
      function* (cpu) {
        yield* cpu.read(0)
      },
    ],
    cpus: [
      function* (cpu, { go }) {
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        yield* cpu.vmx.invept(ALL)
        yield* cpu.store(go, 1)
      },
      function* (cpu, { go }) {
        yield* cpu.until(go, 1)
        return yield* readsOld(cpu)
      },
    ],
    reached: (_done, old) => old === 1,
    never: (_done, old) => old === 0,
  }),
  fact('ept-given', 'an access is refused although the EPT came to map its frame, without INVEPT', no, {
    machine: { ...ept, ...restless },
    *setup(cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), 0)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        const given = yield* cpu.choose(2)
        if (given) yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
        return [given, (yield* cpu.read(0)).fault]
      },
    ],
    reached: kept,
    sometimes: otherwise,
  }),
  fact('ept-right-given', 'a right that the EPT came to give is refused twice, without INVEPT', no, {
    machine: { ...ept, ...restless },
    *setup(cpu) {
      yield* cpu.write(0)
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), EPT_R)
      yield* cpu.vmx.invept(SINGLE)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
        const { fault } = yield* cpu.write(0)
        return [fault, (yield* cpu.write(0)).fault]
      },
    ],
    reached: (_first, again) => again === 1,
    sometimes: (first) => first === 1,
  }),
  fact('ept-walk-dirty', 'a read makes the guest table dirty that it walks, and the page that it reads', no, {
    machine: { ...ept, eptDirty: true, ...restless },
    cpus: [
      function* (cpu) {
        yield* cpu.read(0)
        const table = (yield* cpu.vmx.readEpt(cpu.table(1, 0))) & EPT_D
        return [table !== 0, ((yield* cpu.vmx.readEpt(cpu.frame(0))) & EPT_D) !== 0]
      },
    ],
    reached: (_table, page) => page === 1,
    sometimes: (table) => table === 1,
  }),
  fact('ept-walk-write', 'a read needs the right to write the guest table that it walks', yes, {
    machine: { ...ept, eptDirty: true },
    cpus: [
      function* (cpu) {
        const table = cpu.table(1, 0)
        const writable = yield* cpu.choose(2)
        yield* cpu.vmx.setEpt(table, table, writable ? EPT_RWX : EPT_R | EPT_X)
        return [writable, (yield* cpu.read(0)).code === EPT_VIOLATION]
      },
    ],
    reached: otherwise,
    never: kept,
  }),
]
