/** Our own facts about SVM: an ASID is the only tag, of nested translations too, and VMRUN drops what TLB_CONTROL names. */
import { EPT_RWX } from '../../../src/machine/ept-entry.ts'
import { G } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

const machine = { svm: true, vpids: 2, spare: 1 }
const FLUSH_ALL = 1
const FLUSH_ASID = 3
const FLUSH_ASID_BUT_GLOBAL = 7

/** Page 0 is cached under ASID 1; the page moves, `act` is done in one of two ways, and ASID 1 reads. */
const moved = (
  act: (cpu: X86, which: number) => Code<unknown>,
  more: Partial<MachineConfig> = {},
  flags = 0,
) => ({
  machine: { ...machine, ...more },
  *setup(cpu: X86): Code {
    if (flags !== 0) yield* cpu.setFlags(1, 0, flags)
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.map(0, cpu.spare())
      const which = yield* cpu.choose(2)
      yield* act(cpu, which)
      return [which, Number(yield* readsOld(cpu))]
    },
  ],
})
/** The same of the nested entry of the frame that page 0 is mapped to. */
const nestedMoved = (act: (cpu: X86, which: number) => Code<unknown>, more: Partial<MachineConfig> = {}) => ({
  machine: { ...machine, ept: 1, ...more },
  *setup(cpu: X86): Code {
    yield* cpu.read(0)
  },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      const which = yield* cpu.choose(2)
      yield* act(cpu, which)
      return [which, Number(yield* readsOld(cpu))]
    },
  ],
})
const inFirst = (which: number, old: number): boolean => which === 0 && old === 1
const inSecond = (which: number, old: number): boolean => which === 1 && old === 1
const runs = (asid: number, tlbControl = 0) => ({ asid, tlbControl })

export const asids = [
  fact('asid-kept', 'VMRUN under another ASID and back leaves what was cached', yes, {
    ...moved(function* (cpu, which) {
      yield* cpu.svm.vmrun(runs(2))
      yield* cpu.read(0)
      yield* cpu.svm.vmrun(runs(1, which ? FLUSH_ASID : 0))
    }),
    reached: inFirst,
    never: inSecond,
  }),
  fact('asid-own', 'what one ASID has cached serves another', no, {
    ...moved((cpu, which) => cpu.svm.vmrun(runs(which ? 1 : 2)), restless),
    reached: inFirst,
    sometimes: inSecond,
  }),
  fact('asid-flush-other', 'VMRUN that flushes an ASID leaves what another has cached', yes, {
    ...moved(function* (cpu, which) {
      yield* cpu.svm.vmrun(runs(2, which ? FLUSH_ALL : FLUSH_ASID))
      yield* cpu.svm.vmrun(runs(1))
    }),
    reached: inFirst,
    never: inSecond,
  }),
  fact('asid-flush-global', 'VMRUN that flushes an ASID but its global translations leaves one', yes, {
    ...moved(
      (cpu, which) => cpu.svm.vmrun(runs(1, which ? FLUSH_ASID : FLUSH_ASID_BUT_GLOBAL)),
      { globals: true },
      G,
    ),
    reached: inFirst,
    never: inSecond,
  }),
  fact('asid-flush-but-global', 'VMRUN that flushes an ASID but its global translations leaves another', no, {
    ...moved(function* (cpu, which) {
      yield* cpu.svm.vmrun(runs(1, which ? 0 : FLUSH_ASID_BUT_GLOBAL))
    }, restless),
    reached: inFirst,
    sometimes: inSecond,
  }),
  fact(
    'asid-nested',
    'a nested translation of one ASID serves another, as one of an EPT serves all VPIDs',
    no,
    {
      ...nestedMoved((cpu, which) => cpu.svm.vmrun(runs(which ? 1 : 2)), { eviction: true }),
      reached: inFirst,
      sometimes: inSecond,
    },
  ),
  fact('vpid-nested', 'a guest-physical mapping that one VPID has made serves another', yes, {
    ...nestedMoved((cpu) => cpu.vmx.loadVpid(2), { svm: false }),
    reached: inFirst,
  }),
  fact('asid-nested-flush', 'a flush of an ASID leaves a nested translation', no, {
    ...nestedMoved(
      function* (cpu, which) {
        yield* cpu.svm.vmrun(runs(1, which ? 0 : FLUSH_ASID))
      },
      { eviction: true },
    ),
    reached: inFirst,
    sometimes: inSecond,
  }),
  fact('asid-root', 'an ASID uses on other nested tables what it has cached on its first', yes, {
    machine: { ...machine, ept: 2 },
    *setup(cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX, 1)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        const flushes = yield* cpu.choose(2)
        yield* cpu.svm.vmrun({ asid: 1, nested: 1, tlbControl: flushes ? FLUSH_ASID : 0 })
        return [flushes, yield* readsOld(cpu)]
      },
    ],
    reached: inFirst,
    never: inSecond,
  }),
  fact('ept-root', 'a VPID uses on another EPT what it has cached on its first', no, {
    machine: { vpids: 2, spare: 1, ept: 2, ...restless },
    *setup(cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX, 1)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        const stays = yield* cpu.choose(2)
        if (!stays) yield* cpu.vmx.loadEptp(1)
        return [stays, yield* readsOld(cpu)]
      },
    ],
    reached: inFirst,
    sometimes: inSecond,
  }),
]
