/** Our own facts about INVLPGB and TLBSYNC. */
import { G, MAPPED, entry } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import type { Operand } from '../../../src/machine/operand.ts'
import { variable } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, guarded, no, readsOld, yes } from '../fact.ts'
import { freed, remote } from './remote.ts'

const machine = { invlpgb: 1, spare: 1 }

/** One CPU has cached pages, changes all and broadcasts one operand or the other. */
const alone = (
  setup: (cpu: X86) => Code,
  change: (cpu: X86) => Code,
  [first, second]: readonly [Operand, Operand],
  more: Partial<MachineConfig>,
  page: number,
) => ({
  machine: { ...machine, ...more },
  setup,
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* change(cpu)
      const which = yield* cpu.choose(2)
      yield* cpu.invlpgb(which ? second : first)
      yield* cpu.tlbsync()
      return [which, Number(yield* readsOld(cpu, page))]
    },
  ],
  reached: (which: number, old: number) => which === 0 && old === 1,
  never: (which: number, old: number) => which === old,
})

export const broadcasts = [
  fact('invlpgb-sync', 'a CPU with IF clear uses the old translation after INVLPGB and TLBSYNC', no, {
    ...remote(
      function* (cpu, careful) {
        yield* cpu.invlpgb({ pages: 1 })
        if (careful) yield* cpu.tlbsync()
      },
      { invlpgb: 1 },
    ),
  }),
  guarded('invlpgb-table', 'a walker is in a table after INVLPGB and TLBSYNC', 'hardware-walk', (careful) =>
    freed(
      function* (cpu) {
        yield* cpu.invlpgb({ pages: 1 })
        if (careful) yield* cpu.tlbsync()
      },
      { invlpgb: 1 },
    ),
  ),
  fact('invlpgb-page', 'INVLPGB of a page leaves another', yes, {
    ...alone(
      function* (cpu) {
        yield* cpu.read(1)
      },
      (cpu) => cpu.map(1, cpu.spare()),
      [{ pages: 1 }, { pages: 2 }],
      { pages: [0, 1] },
      1,
    ),
  }),
  fact('invlpgb-global', 'INVLPGB leaves global translations, unless it says otherwise', yes, {
    ...alone(
      function* (cpu) {
        yield* cpu.setFlags(1, 0, G)
        yield* cpu.read(0)
      },
      (cpu) => cpu.map(0, cpu.spare()),
      [{}, { global: true }],
      { globals: true },
      0,
    ),
  }),
  fact('invlpgb-pcid', 'INVLPGB of a PCID leaves what others have cached', yes, {
    ...alone(
      function* (cpu) {
        yield* cpu.read(0)
      },
      (cpu) => cpu.map(0, cpu.spare()),
      [{ pcid: 1 }, { pcid: 0 }],
      { pcids: 2 },
      0,
    ),
  }),
  fact('invlpgb-final', 'INVLPGB of final translations leaves upper-level entries', yes, {
    ...alone(
      function* (cpu) {
        yield* cpu.read(1)
      },
      (cpu) => cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED)),
      [{ final: true }, {}],
      { pages: [0, 1, 2] },
      0,
    ),
  }),
  fact('invlpgb-room', 'an INVLPGB is lost behind which another was issued', no, {
    machine: { ...machine, pages: [0, 1] },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare())
        const issued = yield* cpu.choose(2)
        if (issued) yield* cpu.invlpgb({ pages: 1 })
        yield* cpu.invlpgb({ pages: 2 })
        yield* cpu.tlbsync()
        return [issued, yield* readsOld(cpu)]
      },
    ],
    reached: (issued, old) => issued === 1 && old === 1,
    sometimes: (issued, old) => issued === 0 && old === 1,
  }),
  fact('tlbsync-own', 'TLBSYNC is done before an INVLPGB of another CPU is', yes, {
    machine,
    words: { issued: variable() },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu, { issued }) {
        yield* cpu.until(issued, 1)
        yield* cpu.tlbsync()
        return yield* readsOld(cpu)
      },
      function* (cpu, { issued }) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.invlpgb({ pages: 1 })
        yield* cpu.store(issued, 1)
      },
    ],
    reached: (old) => old === 1,
  }),
]
