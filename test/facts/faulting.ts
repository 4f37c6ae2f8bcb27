/** Facts about rights and error codes: which access faults, and what the fault says. */
import { AC, NXE, PKE, SMAP, WP } from '../../src/machine/control.ts'
import { A, MAPPED, P, RSVD, RW, US, XD, entry, withKey } from '../../src/machine/entry.ts'
import { PF_I, PF_P, PF_RSVD } from '../../src/machine/rights.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, restless, yes } from './fact.ts'

const supervisor = { supervisor: true } as const
const machine = { protection: true } as const
const KEY = 1
/** PKRU with AD, or WD, of that key. */
const AD = 1 << (2 * KEY)
const WD = 2 << (2 * KEY)

/** A page without R/W is written with WP clear or set, by the supervisor or by user code. */
const readOnly = {
  machine,
  *setup(cpu: X86): Code {
    yield* cpu.clearFlags(1, 0, RW)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      const wp = yield* cpu.choose(2)
      const user = yield* cpu.choose(2)
      yield* cpu.writeControls(wp ? WP : 0, wp ? 0 : WP)
      const { fault } = yield* cpu.write(0, 1, { supervisor: user === 0 })
      return [wp, user, Number(fault)]
    },
  ],
}

export const faulting = [
  fact(89, 'the supervisor may not write a read-only page although WP is clear', no, {
    ...readOnly,
    reached: (wp, user, fault) => wp === 0 && user === 0 && fault === 1,
    sometimes: (wp, user, fault) => wp === 1 && user === 0 && fault === 1,
  }),
  fact(90, 'the supervisor may not write a read-only page while WP is set', yes, {
    ...readOnly,
    reached: (wp, user, fault) => wp === 1 && user === 0 && fault === 1,
    never: (wp, user, fault) => wp === 1 && user === 0 && fault === 0,
  }),
  fact(91, 'user code may not write a read-only page, WP or not', yes, {
    ...readOnly,
    reached: (wp, user, fault) => wp === 0 && user === 1 && fault === 1,
    never: (_wp, user, fault) => user === 1 && fault === 0,
  }),
  fact(92, 'a cached translation lets the supervisor write after WP was set', no, {
    machine: { ...machine, ...restless },
    *setup(cpu) {
      yield* cpu.clearFlags(1, 0, RW)
      yield* cpu.writeControls(0, WP)
      yield* cpu.write(0, 1, supervisor)
    },
    cpus: [
      function* (cpu) {
        const wp = yield* cpu.choose(2)
        if (wp) yield* cpu.writeControls(WP)
        return [wp, (yield* cpu.write(0, 1, supervisor)).fault]
      },
    ],
    reached: (wp, fault) => wp === 1 && fault === 0,
    sometimes: (wp, fault) => wp === 0 && fault === 0,
  }),
  fact(93, 'a cached translation lets the supervisor read a user page after AC was cleared', no, {
    machine: { ...machine, ...restless },
    *setup(cpu) {
      yield* cpu.writeControls(SMAP | AC)
      yield* cpu.read(0, supervisor)
    },
    cpus: [
      function* (cpu) {
        const clac = yield* cpu.choose(2)
        if (clac) yield* cpu.writeControls(0, AC)
        return [clac, (yield* cpu.read(0, supervisor)).fault]
      },
    ],
    reached: (clac, fault) => clac === 1 && fault === 0,
    sometimes: (clac, fault) => clac === 0 && fault === 0,
  }),

  fact(100, 'an entry that is not present has its reserved bits reported', no, {
    machine,
    *setup(cpu) {
      yield* cpu.map(0, cpu.frame(0), MAPPED | RSVD)
      yield* cpu.clearFlags(1, 0, P)
    },
    cpus: [
      function* (cpu) {
        const present = yield* cpu.choose(2)
        if (present) yield* cpu.setFlags(1, 0, P)
        return [present, (yield* cpu.read(0)).code & PF_RSVD]
      },
    ],
    reached: (present, reserved) => present === 0 && reserved !== 0,
    sometimes: (present, reserved) => present === 1 && reserved !== 0,
  }),
  fact(101, 'a reserved bit is reported together with P, whatever else is forbidden', yes, {
    machine,
    *setup(cpu) {
      yield* cpu.map(0, cpu.frame(0), P | A | RSVD)
    },
    cpus: [
      function* (cpu) {
        return (yield* cpu.write(0)).code & (PF_P | PF_RSVD)
      },
    ],
    reached: (code) => code === (PF_P | PF_RSVD),
    never: (code) => code !== (PF_P | PF_RSVD),
  }),
  fact(102, 'XD is a reserved bit while NXE is clear', yes, {
    machine,
    *setup(cpu) {
      yield* cpu.setFlags(1, 0, XD)
    },
    cpus: [
      function* (cpu) {
        const nxe = yield* cpu.choose(2)
        if (!nxe) yield* cpu.writeControls(0, NXE)
        return [nxe, (yield* cpu.read(0)).code & (PF_P | PF_RSVD)]
      },
    ],
    reached: (nxe, code) => nxe === 0 && code === (PF_P | PF_RSVD),
    never: (nxe, code) => (nxe === 0) !== (code === (PF_P | PF_RSVD)),
  }),
  fact(103, 'a fetch is reported as one without NXE and SMEP', no, {
    machine,
    *setup(cpu) {
      yield* cpu.unmap(0)
    },
    cpus: [
      function* (cpu) {
        const nxe = yield* cpu.choose(2)
        if (!nxe) yield* cpu.writeControls(0, NXE)
        return [nxe, (yield* cpu.fetch(0)).code & PF_I]
      },
    ],
    reached: (nxe, reported) => nxe === 0 && reported !== 0,
    sometimes: (nxe, reported) => nxe === 1 && reported !== 0,
  }),

  fact(104, 'a protection key in the entry of a PMD counts', no, {
    machine,
    cpus: [
      function* (cpu) {
        const leaf = yield* cpu.choose(2)
        yield* cpu.setFlags(leaf ? 1 : 2, 0, withKey(KEY))
        yield* cpu.writeControls(PKE)
        yield* cpu.wrpkru(AD)
        return [leaf, (yield* cpu.read(0)).fault]
      },
    ],
    reached: (leaf, fault) => leaf === 0 && fault === 1,
    sometimes: (leaf, fault) => leaf === 1 && fault === 1,
  }),
  fact(105, 'AD of a key protects a supervisor page', no, {
    machine,
    cpus: [
      function* (cpu) {
        const user = yield* cpu.choose(2)
        yield* cpu.map(0, cpu.frame(0), (user ? MAPPED : MAPPED & ~US) | withKey(KEY))
        yield* cpu.writeControls(PKE)
        yield* cpu.wrpkru(AD)
        return [user, (yield* cpu.read(0, supervisor)).fault]
      },
    ],
    reached: (user, fault) => user === 0 && fault === 1,
    sometimes: (user, fault) => user === 1 && fault === 1,
  }),
  fact(106, 'WD of a key stops the supervisor although WP is clear', no, {
    machine,
    cpus: [
      function* (cpu) {
        const wp = yield* cpu.choose(2)
        yield* cpu.setFlags(1, 0, withKey(KEY))
        yield* cpu.writeControls(PKE, wp ? 0 : WP)
        yield* cpu.wrpkru(WD)
        return [wp, (yield* cpu.write(0, 1, supervisor)).fault]
      },
    ],
    reached: (wp, fault) => wp === 0 && fault === 1,
    sometimes: (wp, fault) => wp === 1 && fault === 1,
  }),
  fact(107, 'two ways to one table of PTEs give different rights', yes, {
    machine: { pages: [0, 2] },
    *setup(cpu) {
      yield* cpu.setEntry(2, 2, entry(cpu.table(1, 0), MAPPED & ~RW))
    },
    cpus: [
      function* (cpu) {
        const first = yield* cpu.write(0)
        const second = yield* cpu.write(2)
        const seen = yield* cpu.read(2)
        return [first.fault, second.fault, seen.frame === first.frame]
      },
    ],
    reached: (first, second, same) => first === 0 && second === 1 && same === 1,
  }),
]
