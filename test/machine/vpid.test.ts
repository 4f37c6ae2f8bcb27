/** Tags that the host gives out: what INVVPID and VM entry drop of them, and what is found when one is used again. */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { emulateInvlpg } from '../../src/hypervisor/emulator.ts'
import { machineConfig, type MachineConfig } from '../../src/machine/config.ts'
import { G, P, PS, RW, US, entry } from '../../src/machine/entry.ts'
import { EPT_RWX } from '../../src/machine/ept-entry.ts'
import type { X86 } from '../../src/machine/x86.ts'
import { perCpu, variable, type SharedWords } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'

type Body = (cpu: X86, kernel: Cpu) => Code<number>

function run(body: Body, machine: Partial<MachineConfig>, policy?: AnyPolicy): Experiment {
  return experiment({
    machine: { vcpus: 1, spare: 1, ...machine },
    ...(policy === undefined ? {} : { policy }),
    cpus: [(cpu, _words, kernel) => body(cpu, kernel)],
  })
}
const results = ({ outcomes }: Experiment): number[] => outcomes.map(([value]) => value)

const OLD = 1
const NEW = 2
/** Added to the digits of a result. */
const FAILED = 50_000
function* where(cpu: X86, page = 0): Code<number> {
  const { frame } = yield* cpu.read(page)
  return frame === cpu.frame(page) ? OLD : frame === cpu.spare() ? NEW : 0
}
const digits = (...values: readonly number[]): number => Number(values.join(''))
function* remap(cpu: X86, page = 0, flags = 0): Code {
  yield* cpu.setEntry(1, page, entry(cpu.spare(), P | RW | US | flags))
}

describe('INVVPID', () => {
  // Pages 0 and 1 are cached under VPID 1 with PCIDs 0 and 1, page 1 as a global one; page 0 under VPID 2.
  const warm: Body = function* (cpu) {
    yield* cpu.setEntry(1, 1, entry(cpu.frame(1), P | RW | US | G))
    for (const pcid of [1, 0]) {
      yield* cpu.loadCr3(0, { pcid, noflush: true })
      yield* cpu.read(0)
      yield* cpu.read(1)
    }
    yield* cpu.vmx.loadVpid(2)
    yield* cpu.read(0)
    yield* cpu.vmx.loadVpid(1)
    yield* remap(cpu, 0)
    yield* remap(cpu, 1, G)
    return 0
  }
  const look: Body = function* (cpu) {
    const own = [yield* where(cpu, 0), yield* where(cpu, 1)]
    yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
    own.push(yield* where(cpu, 0))
    yield* cpu.vmx.loadVpid(2)
    yield* cpu.loadCr3(0, { pcid: 0, noflush: true })
    return digits(...own, yield* where(cpu, 0))
  }
  const dropped = (type: number, vpid: number, page = 0): number[] =>
    results(
      run(
        function* (cpu, kernel) {
          yield* warm(cpu, kernel)
          const done = yield* cpu.vmx.invvpid(type, vpid, page)
          return (done ? 0 : FAILED) + (yield* look(cpu, kernel))
        },
        { vpids: 2, pcids: 2, globals: true, pages: [0, 1] },
      ),
    )

  it('of type 0 drops one address of one VPID, under all its PCIDs', () => {
    expect(dropped(0, 1)).toEqual([digits(NEW, OLD, NEW, OLD)])
    expect(dropped(0, 2)).toEqual([digits(OLD, OLD, OLD, NEW)])
  })

  it('of type 0 drops a global translation of its address', () => {
    expect(dropped(0, 1, 1)).toEqual([digits(OLD, NEW, OLD, OLD)])
  })

  it('of type 1 drops one VPID, under all its PCIDs, global translations included', () => {
    expect(dropped(1, 1)).toEqual([digits(NEW, NEW, NEW, OLD)])
    expect(dropped(1, 2)).toEqual([digits(OLD, OLD, OLD, NEW)])
  })

  it('of type 2 drops all VPIDs', () => {
    expect(dropped(2, 0)).toEqual([digits(NEW, NEW, NEW, NEW)])
  })

  it('of type 3 drops one VPID and keeps its global translations', () => {
    expect(dropped(3, 1)).toEqual([digits(NEW, OLD, NEW, OLD)])
  })

  it.each([
    ['VPID 0', 1, 0, 0],
    ['VPID 0 for an address', 0, 0, 0],
    ['VPID 0 but for globals', 3, 0, 0],
    ['an address that is not canonical', 0, 1, 99],
    ['a type that there is not', 4, 1, 0],
  ])('of %s fails and drops nothing', (_what, type, vpid, page) => {
    expect(dropped(type, vpid, page)).toEqual([FAILED + digits(OLD, OLD, OLD, OLD)])
  })

  it('of type 0 drops a large page by any of its addresses', () => {
    const large: Body = function* (cpu) {
      yield* cpu.setEntry(2, 0, entry(cpu.spare(), P | RW | US | PS))
      yield* cpu.read(0)
      yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), P | RW | US))
      const before = yield* where(cpu)
      yield* cpu.vmx.invvpid(0, 1, 1)
      return digits(before, yield* where(cpu))
    }
    expect(results(run(large, { vpids: 1 }))).toEqual([digits(NEW, OLD)])
  })

  it('acts on the pCPU that executes it and on no other', () => {
    const { outcomes } = experiment({
      machine: { vcpus: 2, vpids: 1, spare: 1 },
      words: { changed: variable() },
      cpus: [
        function* (cpu, { changed }) {
          yield* cpu.read(0)
          yield* remap(cpu)
          yield* cpu.vmx.invvpid(2)
          yield* cpu.store(changed, 1)
          return yield* where(cpu)
        },
        function* (cpu, { changed }) {
          yield* cpu.read(0)
          yield* cpu.until(changed, 1)
          return yield* where(cpu)
        },
      ],
    })
    expect(outcomes).toEqual([
      [NEW, OLD],
      [NEW, NEW],
    ])
  })

  it('leaves guest-physical mappings alone', () => {
    const found = run(
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        yield* cpu.vmx.invvpid(2)
        return yield* where(cpu)
      },
      { ept: 1 },
    )
    expect(results(found)).toEqual([OLD])
  })

  it('names the vCPUs themselves where the host gives out no VPIDs', () => {
    const found = run(
      function* (cpu) {
        yield* cpu.read(0)
        yield* remap(cpu)
        yield* cpu.vmx.invvpid(1, 2)
        const other = yield* where(cpu)
        yield* cpu.vmx.invvpid(1, 1)
        return digits(other, yield* where(cpu))
      },
      { vcpus: 2 },
    )
    expect(results(found)).toEqual([digits(OLD, NEW)])
  })
})

describe('INVLPG of a guest that the host emulates', () => {
  const emulate = (page: number): number[] =>
    results(
      run(
        function* (cpu) {
          yield* cpu.read(0)
          yield* remap(cpu)
          yield* emulateInvlpg(cpu.vmx, 1, page)
          return yield* where(cpu)
        },
        { vpids: 1 },
      ),
    )
  it('drops the address, and is a NOP for one that is not canonical', () => {
    expect(emulate(0)).toEqual([NEW])
    expect(emulate(99)).toEqual([OLD])
    expect(emulate(-1)).toEqual([OLD])
  })
})

describe('VM exit and entry', () => {
  const calling = definePolicy({
    name: 'calling',
    summary: 'Calls the host for nothing',
    *flush() {},
    hypercalls: { *nothing() {} },
  })
  const around = (machine: Partial<MachineConfig>): number[] =>
    results(
      run(
        function* (cpu, kernel) {
          yield* cpu.read(0)
          yield* remap(cpu)
          yield* kernel.hypercall('nothing', 0, [])
          return yield* where(cpu)
        },
        machine,
        calling,
      ),
    )
  it('drop nothing with VPIDs, and everything that is linear or combined without', () => {
    expect(around({})).toEqual([OLD])
    expect(around({ vpids: 2 })).toEqual([OLD])
    expect(around({ ept: 1 })).toEqual([OLD])
    expect(around({ vpid: false })).toEqual([NEW])
    expect(around({ vpid: false, ept: 1 })).toEqual([NEW])
  })

  it('never drop guest-physical mappings', () => {
    const found = run(
      function* (cpu, kernel) {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        yield* kernel.hypercall('nothing', 0, [])
        return yield* where(cpu)
      },
      { vpid: false, ept: 1 },
      calling,
    )
    expect(results(found)).toEqual([OLD])
  })
})

describe('a VPID that is given out again', () => {
  // The vCPU runs one guest under VPID 1, then another one, whose address space is the second, under the same number.
  const reuse = (flush: boolean, vpid: number): Experiment =>
    run(
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.vmx.loadVpid(vpid)
        if (flush) yield* cpu.vmx.invvpid(1, vpid)
        yield* cpu.vmx.loadGuestCr3(1)
        const { frame } = yield* cpu.read(0)
        return frame === cpu.frame(0, 1) ? 1 : 0
      },
      { vpids: 2, spaces: 2 },
    )
  it('serves its new owner the translations of the old one, unless it is flushed first', () => {
    const stale = reuse(false, 1)
    expect(results(stale)).toEqual([0])
    expect([...stale.violations.keys()]).toEqual(['address-space-isolation'])
    for (const safe of [reuse(true, 1), reuse(false, 2)]) {
      expect(results(safe)).toEqual([1])
      expect(safe.violations.size).toBe(0)
    }
  })

  it('to another vCPU of the same pCPU does the same', () => {
    const share = (vpids: number): Experiment =>
      experiment({
        machine: { vcpus: 2, pcpus: 1, spaces: 2, vpids },
        words: { done: variable() },
        cpus: [
          function* (cpu, { done }) {
            yield* cpu.read(0)
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.vmx.loadGuestCr3(1)
            yield* cpu.until(done, 1)
            const { frame } = yield* cpu.read(0)
            return frame === cpu.frame(0, 1) ? 1 : 0
          },
        ],
      })
    expect([...share(1).violations.keys()]).toEqual(['address-space-isolation'])
    expect(share(1).reachable((_first, second) => second === 0)).toBe(true)
    expect(share(2).violations.size).toBe(0)
    expect(share(2).reachable((_first, second) => second === 0)).toBe(false)
  })
})

describe('ASIDs of a pCPU that run out', () => {
  /** Two ASIDs, three guests one after the other: the third gets the first one's number (KVM: new_asid). */
  const wrap = (control: number): Experiment =>
    run(
      function* (cpu, kernel) {
        yield* cpu.read(0)
        yield* kernel.hypercall('second', 0, [])
        yield* cpu.loadCr3(0)
        yield* cpu.read(0)
        yield* kernel.hypercall('third', 0, [])
        const { frame } = yield* cpu.read(0)
        return frame === cpu.frame(0, 1) ? 1 : 0
      },
      { vpids: 2, spaces: 2 },
      definePolicy({
        name: 'generations',
        summary: 'Gives out ASIDs in turn and flushes when they wrap',
        *flush() {},
        hypercalls: {
          *second(host) {
            yield* host.vmx.loadVpid(2)
          },
          *third(host) {
            yield* host.vmx.loadVpid(1)
            yield* host.vmx.loadGuestCr3(1)
            yield* host.tlbControl(control)
          },
        },
      }),
    )
  it('serve a guest with the translations of another, unless all are flushed when the numbers wrap', () => {
    expect(results(wrap(0))).toEqual([0])
    expect([...wrap(0).violations.keys()]).toEqual(['address-space-isolation'])
    for (const control of [1, 3, 7]) {
      expect(results(wrap(control))).toEqual([1])
      expect(wrap(control).violations.size).toBe(0)
    }
  })
})

describe('TLB_CONTROL', () => {
  // Page 0 and, as a global one, page 1 are cached under ASID 1; page 0 under ASID 2, which runs at the end.
  const control = (value: number, more: Partial<MachineConfig> = {}): Experiment =>
    run(
      function* (cpu, kernel) {
        yield* cpu.setEntry(1, 1, entry(cpu.frame(1), P | RW | US | G))
        yield* cpu.vmx.loadVpid(2)
        yield* cpu.read(0)
        yield* cpu.vmx.loadVpid(1)
        yield* cpu.read(0)
        yield* cpu.read(1)
        if (more.ept === 1) yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        else yield* remap(cpu)
        yield* remap(cpu, 1, G)
        yield* kernel.hypercall('control', 0, [])
        const found = [yield* where(cpu, 0), yield* where(cpu, 1)]
        yield* cpu.vmx.loadVpid(2)
        return digits(...found, yield* where(cpu, 0))
      },
      { vpids: 2, globals: true, pages: [0, 1], ...more },
      definePolicy({
        name: 'control',
        summary: 'Asks for a flush at entry',
        *flush() {},
        hypercalls: {
          *control(host) {
            yield* host.tlbControl(value)
          },
        },
      }),
    )
  it.each([
    [0, digits(OLD, OLD, OLD)],
    [1, digits(NEW, NEW, NEW)],
    [3, digits(NEW, NEW, OLD)],
    [7, digits(NEW, OLD, OLD)],
  ])('%i flushes what it says at the next entry', (value, expected) => {
    expect(results(control(value))).toEqual([expected])
  })

  it('drops what nested tables gave together with the ASID', () => {
    for (const value of [1, 3]) expect(String(results(control(value, { ept: 1 }))[0])[0]).toBe(String(NEW))
    expect(String(results(control(0, { ept: 1 }))[0])[0]).toBe(String(OLD))
  })

  it('of another value is refused', () => {
    expect(() => control(2)).toThrow('TLB_CONTROL is 2; expected 0, 1, 3 or 7.')
  })
})

describe('a vCPU that comes back to a pCPU', () => {
  /** It reads on one pCPU; its own flush after the change may run on the other; then it reads again. */
  const back = (machine: Partial<MachineConfig>, policy?: AnyPolicy): Experiment =>
    run(
      function* (cpu) {
        yield* cpu.read(0)
        yield* remap(cpu)
        yield* cpu.invlpg(0)
        return yield* where(cpu)
      },
      { pcpus: 2, preemptions: 2, migration: true, ...machine },
      policy,
    )

  it('finds nothing old there while the host drops it', () => {
    expect(results(back({}))).toEqual([NEW])
    expect(results(back({ vpids: 1 }))).toEqual([NEW])
  })

  it('finds what it left there where the host does not', () => {
    expect(results(back({ keepOnMigration: true }))).toEqual([OLD, NEW])
    expect(results(back({ keepOnMigration: true, vpids: 1 }))).toEqual([OLD, NEW])
  })

  it('finds nothing old where the host flushes whenever it was elsewhere before', () => {
    type Words = { last: SharedWords }
    const policy = (flush: boolean) =>
      definePolicy({
        name: 'load-vmcs',
        summary: 'Flushes a vCPU that was last loaded elsewhere',
        shared: { last: perCpu({ max: 2 }) },
        *flush() {},
        *onVcpuEntry(host) {
          const last = (host.shared as Words).last.of(host.vcpu)
          const pcpu = yield* host.pcpu()
          if ((yield* host.xchg(last, pcpu + 1)) !== pcpu + 1 && flush) yield* host.vmx.invvpid(1, 1)
        },
      })
    expect(results(back({ keepOnMigration: true, vpids: 1 }, policy(true)))).toEqual([NEW])
    expect(results(back({ keepOnMigration: true, vpids: 1 }, policy(false)))).toEqual([OLD, NEW])
  })
})

describe('what makes no sense', () => {
  it.each<[string, Partial<MachineConfig>, string]>([
    [
      'VPIDs to give out without VPID',
      { vpids: 2, vpid: false },
      'machine.vpids is 2; expected 0, because "vpid" is off',
    ],
    [
      'EPT flags without EPT',
      { eptDirty: true },
      'machine.eptDirty is true; expected false, because "ept" is 0',
    ],
    [
      'tables of an EPT without EPT',
      { eptTables: true },
      'machine.eptTables is true; expected false, because "ept" is 0',
    ],
    [
      'EPT with PDPTE registers',
      { ept: 1, pdptes: true, levels: 3 },
      'machine.ept is 1; expected 0 with "pdptes"',
    ],
    [
      'emulation with PDPTE registers',
      { emulation: true, pdptes: true, levels: 3 },
      'machine.emulation is true; expected false with "pdptes"',
    ],
    ['devices with EPT', { ept: 1, devices: 1 }, 'machine.devices is 1; expected 0 with "ept"'],
    [
      'survival of migration without migration',
      { keepOnMigration: true },
      'machine.keepOnMigration is true; expected false, because "migration" is off',
    ],
    [
      'survival of migration without VPID',
      { keepOnMigration: true, migration: true, vpid: false },
      'machine.keepOnMigration is true; expected false, because "vpid" is off',
    ],
    [
      'EPT on a machine with too many frames',
      { ept: 1, vcpus: 4, pages: [0, 1, 2, 3], levels: 3 },
      'machine.ept is 1; expected 0, or fewer vCPUs, pages or spaces: a cached translation takes',
    ],
  ])('%s is refused', (_what, machine, message) => {
    expect(() => machineConfig({ pcpus: 2, ...machine })).toThrow(message)
  })

  it.each<[string, Body, string]>([
    [
      'INVVPID without VPID',
      (cpu) => must(cpu.vmx.invvpid(2)),
      'INVVPID is not there: the machine\'s feature "vpid"',
    ],
    [
      'INVEPT without EPT',
      (cpu) => must(cpu.vmx.invept(2)),
      'EPT is not there: the machine\'s feature "ept" is off.',
    ],
    ['a VPID where none are given out', (cpu) => must(cpu.vmx.loadVpid(1)), 'feature "vpids" is off'],
  ])('%s is refused', (_what, body, message) => {
    expect(() => run(body, { vpid: false })).toThrow(message)
  })

  it.each<[string, Body, string]>([
    [
      'a VPID that there is not',
      (cpu) => must(cpu.vmx.loadVpid(3)),
      'VPID of loadVpid is 3; expected 1 to 2.',
    ],
    ['an EPT that there is not', (cpu) => must(cpu.vmx.loadEptp(1)), 'EPT of loadEptp is 1; expected 0.'],
    [
      'a frame that there is not',
      (cpu) => must(cpu.vmx.readEpt(99)),
      'frame of readEpt is 99; expected 1 to',
    ],
    ['W without R', (cpu) => must(cpu.vmx.setEpt(1, 1, 2)), 'flags of setEpt is 2; expected R with W'],
  ])('%s is refused', (_what, body, message) => {
    expect(() => run(body, { vpids: 2, ept: 1 })).toThrow(message)
  })

  it('INVEPT by host code whose vCPU is on no pCPU is refused', () => {
    const policy = definePolicy({
      name: 'late',
      summary: 'Invalidates after its vCPU has gone',
      *flush() {},
      *onVcpuExit(host) {
        yield* host.vmx.invept(2)
      },
    })
    const body: Body = function* (cpu) {
      yield* cpu.sti()
      return 0
    }
    expect(() => run(body, { ept: 1, preemptions: 1 }, policy)).toThrow(
      'INVEPT needs a pCPU to run on, but vCPU0 is on none.',
    )
  })
})

function* must(code: Code<unknown>): Code<number> {
  yield* code
  return 0
}
