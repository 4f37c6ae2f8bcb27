/** Facts about #GP: which invalidations and writes to control registers are refused. */
import { PCIDE, PG } from '../../src/machine/control.ts'
import { INDIVIDUAL_ADDRESS, SINGLE_CONTEXT } from '../../src/machine/pcid.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, nowhere, yes } from './fact.ts'

/** INVPCID of any type for PCID 0 or 1, with CR4.PCIDE=0. */
const disabled = {
  machine: { pcids: 2 },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      yield* cpu.writeControls(0, PCIDE)
      const type = yield* cpu.choose(4)
      const pcid = yield* cpu.choose(2)
      return [type, pcid, Number(yield* cpu.invpcid(type, pcid, 0))]
    },
  ],
}

export const protecting = [
  fact(65, 'INVPCID for PCID 0 faults while PCIDs are off', no, {
    ...disabled,
    reached: (_type, pcid, done) => pcid === 0 && done === 0,
    sometimes: (_type, pcid, done) => pcid === 1 && done === 0,
  }),
  fact(66, 'INVPCID that names a PCID faults while PCIDs are off', yes, {
    ...disabled,
    reached: (type, pcid, done) => type <= SINGLE_CONTEXT && pcid === 1 && done === 0,
    never: (type, pcid, done) => type <= SINGLE_CONTEXT && pcid === 1 && done === 1,
  }),
  fact(67, 'INVPCID of an address that is not canonical faults', yes, {
    machine: { pcids: 1 },
    cpus: [(cpu) => cpu.invpcid(INDIVIDUAL_ADDRESS, 0, nowhere)],
    reached: (done) => done === 0,
    never: (done) => done === 1,
  }),
  fact(68, 'PCIDE cannot be set while CR3 names a PCID', yes, {
    machine: { pcids: 2 },
    cpus: [
      function* (cpu) {
        yield* cpu.writeControls(0, PCIDE)
        const pcid = yield* cpu.choose(2)
        yield* cpu.loadCr3(0, { pcid })
        return [pcid, yield* cpu.writeControls(PCIDE)]
      },
    ],
    reached: (pcid, done) => pcid === 1 && done === 0,
    never: (pcid, done) => pcid === done,
  }),
  fact(69, 'PG cannot be cleared while PCIDE is set', yes, {
    machine: { pcids: 1 },
    cpus: [
      function* (cpu) {
        const off = yield* cpu.choose(2)
        if (off) yield* cpu.writeControls(0, PCIDE)
        return [off, yield* cpu.writeControls(0, PG)]
      },
    ],
    reached: (off, done) => off === 0 && done === 0,
    never: (off, done) => off !== done,
  }),
]
