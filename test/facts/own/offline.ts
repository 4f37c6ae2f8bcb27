/** Our own facts about CPUs that go offline and are started again. */
import { variable } from '../../../src/machine/word.ts'
import { fact, no, readsOld, yes } from '../fact.ts'

const words = { go: variable(), rung: variable() }
const machine = { hotplug: 1 }

export const offline = [
  fact('init-tlb', 'a CPU that was started again uses a translation of before', no, {
    machine: { ...machine, spare: 1 },
    words,
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu, { go }) {
        const parks = yield* cpu.choose(2)
        if (parks) yield* cpu.apic.waitForSipi()
        yield* cpu.until(go, 1)
        return [parks, yield* readsOld(cpu)]
      },
      function* (cpu, { go }) {
        yield* cpu.map(0, cpu.spare())
        yield* cpu.apic.start(0)
        yield* cpu.store(go, 1)
      },
    ],
    reached: (parks, old) => parks === 1 && old === 1,
    sometimes: (parks, old) => parks === 0 && old === 1,
  }),
  fact('init-cr3', 'a CPU that was started again is in the address space of before', no, {
    machine: { ...machine, spaces: 2 },
    cpus: [
      function* (cpu) {
        yield* cpu.loadCr3(1)
        const parks = yield* cpu.choose(2)
        if (parks) yield* cpu.apic.waitForSipi()
        return [parks, (yield* cpu.read(0)).frame === cpu.frame(0, 1)]
      },
      (cpu) => cpu.apic.start(0),
    ],
    reached: (parks, same) => parks === 1 && same === 1,
    sometimes: (parks, same) => parks === 0 && same === 1,
  }),
  fact('init-if', 'a CPU that was started again takes an interrupt before it executes STI', no, {
    machine,
    words,
    interrupts: {
      *bell(cpu, { rung }) {
        yield* cpu.store(rung, 1)
      },
    },
    cpus: [
      function* (cpu, { go, rung }) {
        yield* cpu.apic.waitForSipi()
        const opens = yield* cpu.choose(2)
        if (opens) yield* cpu.sti()
        yield* cpu.store(go, 1)
        yield* cpu.load(go)
        return [opens, yield* cpu.load(rung)]
      },
      function* (cpu, { go }, kernel) {
        yield* cpu.apic.start(0)
        yield* cpu.until(go, 1)
        yield* kernel.sendIpi(0, 'bell')
      },
    ],
    reached: (opens, rung) => opens === 0 && rung === 1,
    sometimes: (opens, rung) => opens === 1 && rung === 1,
  }),
  fact('init-pending', 'a CPU that was started again takes an interrupt that was sent before', no, {
    machine,
    words,
    interrupts: {
      *bell(cpu, { rung }) {
        yield* cpu.store(rung, 1)
      },
    },
    cpus: [
      function* (cpu, { go }) {
        yield* cpu.cli()
        yield* cpu.store(go, 1)
        yield* cpu.apic.waitForSipi()
        yield* cpu.sti()
      },
      function* (cpu, { go }, kernel) {
        yield* cpu.until(go, 1)
        const late = yield* cpu.choose(2)
        if (late) yield* cpu.apic.start(0)
        yield* kernel.sendIpi(0, 'bell')
        if (!late) yield* cpu.apic.start(0)
        return late
      },
    ],
    observe: (read, { rung }) => [read(rung)],
    reached: (_done, late, rung) => late === 0 && rung === 1,
    sometimes: (_done, late, rung) => late === 1 && rung === 1,
  }),
  fact('init-early', 'a SIPI that is sent before its target waits for it starts it', yes, {
    machine,
    words,
    cpus: [
      function* (cpu, { go }) {
        yield* cpu.until(go, 1)
        yield* cpu.apic.waitForSipi()
        return 1
      },
      function* (cpu, { go }) {
        yield* cpu.apic.start(0)
        yield* cpu.store(go, 1)
      },
    ],
    reached: (started) => started === 1,
    never: (started) => started === 0,
  }),
]
