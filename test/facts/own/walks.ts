/** Our own facts about page walks: what they refuse, and which instruction ends those that are in flight. */
import { MAPPED, P, US, entry } from '../../../src/machine/entry.ts'
import { PGE } from '../../../src/machine/control.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import { ALL_CONTEXTS } from '../../../src/machine/pcid.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless } from '../fact.ts'

/** A speculative walk may be in the table of page 0 when that is unhooked; the table is changed after `act`. */
const inFlight = (
  id: string,
  name: string,
  act: (cpu: X86) => Code<unknown>,
  machine: Partial<MachineConfig> = {},
) =>
  fact(`walk-${id}`, `a speculative walk goes on behind ${name}`, no, {
    machine: { pages: [0, 2], spare: 1, structureCaches: false, speculation: 1, ...machine },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
        const acted = yield* cpu.choose(2)
        if (acted) yield* act(cpu)
        yield* cpu.map(0, cpu.spare())
        return [acted, (yield* cpu.read(0)).frame === cpu.spare()]
      },
    ],
    reached: (acted, strayed) => acted === 1 && strayed === 1,
    sometimes: (acted, strayed) => acted === 0 && strayed === 1,
  })

export const walks = [
  fact('upper-supervisor', 'user code reads a page that an upper entry keeps for the supervisor', no, {
    machine: { protection: true, eviction: true },
    cpus: [
      function* (cpu) {
        const user = yield* cpu.choose(2)
        yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), user ? MAPPED : MAPPED & ~US))
        return [user, (yield* cpu.read(0)).fault, (yield* cpu.read(0, { supervisor: true })).fault]
      },
    ],
    reached: (user, fault) => user === 0 && fault === 0,
    sometimes: (user, fault, supervisor) => user === 0 && fault === 1 && supervisor === 0,
  }),
  fact('not-present', 'a page is read whose entry has a frame and no P', no, {
    machine: restless,
    *setup(cpu) {
      yield* cpu.clearFlags(1, 0, P)
    },
    cpus: [
      function* (cpu) {
        const present = yield* cpu.choose(2)
        if (present) yield* cpu.setFlags(1, 0, P)
        return [present, yield* readsOld(cpu)]
      },
    ],
    reached: (present, read) => present === 0 && read === 1,
    sometimes: (present, read) => present === 1 && read === 1,
  }),
  inFlight('invlpg', 'INVLPG', (cpu) => cpu.invlpg(0)),
  inFlight('cr3', 'MOV to CR3', (cpu) => cpu.loadCr3(0)),
  inFlight('serialize', 'a serializing instruction', (cpu) => cpu.serialize()),
  inFlight('invpcid', 'INVPCID', (cpu) => cpu.invpcid(ALL_CONTEXTS), { pcids: 1 }),
  inFlight('cr4', 'a write to CR4', (cpu) => cpu.writeControls(0, PGE), { globals: true }),
]
