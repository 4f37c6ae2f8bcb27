/** Virtualization beside store buffers, frame contents, devices and PDPTE registers: what one makes of the other. */
import { describe, expect, it } from 'vitest'
import { perform, type Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import { flushTlbRange } from '../../src/guest/flush.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { EPT_R, EPT_RWX } from '../../src/machine/ept-entry.ts'
import { PUT } from '../../src/machine/frames.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { variable } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { cpusAlike, makeBounds } from '../../src/scenario/bounds.ts'

const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()

/** Two frames change their places in host memory. */
function* exchange(cpu: X86): Code {
  yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
  yield* cpu.vmx.setEpt(cpu.spare(), cpu.frame(0), EPT_RWX)
}

describe('host instructions and the store buffer', () => {
  /** Store buffering, with a host instruction between the store and the load of one CPU. */
  const sb = (between: (cpu: X86) => Code<unknown>): Experiment =>
    experiment({
      machine: { storeBuffer: 1, vpids: 2, ept: 1, spare: 1 },
      words: { x: variable(), y: variable() },
      cpus: [
        function* (cpu, { x, y }) {
          yield* cpu.store(x, 1)
          yield* between(cpu)
          return yield* cpu.load(y)
        },
        function* (cpu, { x, y }) {
          yield* cpu.store(y, 1)
          yield* cpu.mfence()
          return yield* cpu.load(x)
        },
      ],
    })
  const bothOld = (first: number, second: number): boolean => first === 0 && second === 0

  const waiting: Record<string, (cpu: X86) => Code<unknown>> = {
    INVVPID: ({ vmx }) => vmx.invvpid(2),
    INVEPT: ({ vmx }) => vmx.invept(2),
    'VM entry with another VPID': ({ vmx }) => vmx.loadVpid(2),
    'VM entry with another EPT': ({ vmx }) => vmx.loadEptp(0),
    'VM entry with another CR3': ({ vmx }) => vmx.loadGuestCr3(0),
    'storing an EPT entry': (cpu) => cpu.vmx.setEpt(cpu.spare(), cpu.spare(), EPT_R),
    'clearing flags of an EPT entry': (cpu) => cpu.vmx.clearEpt(cpu.spare(), EPT_R),
    'freeing a host frame': (cpu) => cpu.vmx.freeHostFrame(cpu.spare()),
  }
  it.each(Object.entries(waiting))('%s waits for it', (_what, between) => {
    const { reachable, outcomes, deadlocks } = sb(between)
    expect(deadlocks).toEqual([])
    expect(outcomes.length).toBeGreaterThan(1)
    expect(reachable(bothOld)).toBe(false)
  })

  it('reading an EPT entry does not', () => {
    expect(sb((cpu) => cpu.vmx.readEpt(cpu.spare())).reachable(bothOld)).toBe(true)
  })
})

describe('a store that is still in the buffer', () => {
  /** CPU0 stores and interrupts CPU1, which frees; an IPI by WRMSR overtakes the store. */
  const freed = (x2apic: boolean, machine: Partial<MachineConfig>, free: (cpu: X86) => Code): string[] => {
    const { violations, deadlocks } = experiment({
      machine: { storeBuffer: 1, contents: true, spare: 1, x2apic, vcpus: 2, ...machine },
      *setup(cpu) {
        if (machine.ept === 1) yield* exchange(cpu)
      },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.write(0, 2)
          yield* kernel.sendIpi(1, 'free')
        },
      ],
      interrupts: {
        *free(cpu) {
          yield* free(cpu)
        },
      },
    })
    expect(deadlocks).toEqual([])
    return [...violations.values()].map(({ explanation }) => explanation)
  }
  const byHost = function* (cpu: X86): Code {
    yield* cpu.vmx.freeHostFrame(cpu.spare())
  }
  const byGuest = function* (cpu: X86): Code {
    yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
    yield* perform(PUT, cpu.frame(0))
  }

  it('reaches the host frame, which the host may have freed meanwhile', () => {
    expect(freed(true, { ept: 1 }, byHost)).toEqual([
      "CPU0: the access reaches the host frame that was S0's through an old translation after the host freed it",
    ])
    expect(freed(false, { ept: 1 }, byHost)).toEqual([])
  })

  it.each([0, 1])('or the guest, behind %i EPTs', (ept) => {
    expect(freed(true, { ept }, byGuest)).toEqual([expect.stringContaining('after')])
    expect(freed(false, { ept }, byGuest)).toEqual([])
  })

  it('reaches no other frame of the guest that the host has', () => {
    const other = function* (cpu: X86): Code {
      yield* perform(PUT, cpu.spare())
    }
    expect(freed(true, { ept: 1 }, other)).toEqual([])
  })
})

describe('copies of frames whose places in host memory were exchanged', () => {
  /** wp_page_copy that installs the new entry before it flushes, or after. */
  const copyOnWrite = (ept: number, flushesFirst: boolean): Experiment =>
    experiment({
      machine: { contents: true, spare: 1, ept },
      policy: nativeIpi,
      *setup(cpu) {
        if (ept === 1) yield* exchange(cpu)
        yield* cpu.write(0, 3)
        yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | US))
        yield* cpu.invlpg(0)
      },
      cpus: [
        function* (cpu, _words, kernel) {
          const mine = cpu.spare()
          yield* kernel.copyPage(mine, cpu.frame(0), 0)
          if (flushesFirst) {
            yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
            yield* flushTlbRange(kernel, 0, 1, {}, 0)
          }
          yield* cpu.setEntry(1, 0, entry(mine, P | RW | US))
          yield* cpu.invlpg(0)
          yield* cpu.write(0, 5)
        },
        function* (cpu) {
          const first = yield* cpu.read(0)
          const second = yield* cpu.read(0)
          return [first.value, second.value]
        },
      ],
    })

  it.each([true, false])('are seen as without EPT (flushed before the new entry: %s)', (flushesFirst) => {
    const [plain, nested] = [copyOnWrite(0, flushesFirst), copyOnWrite(1, flushesFirst)]
    expect(names(plain)).toEqual(flushesFirst ? [] : ['stale-copy'])
    expect(names(nested)).toEqual(names(plain))
    expect(nested.outcomes).toEqual(plain.outcomes)
  })
})

describe('a device beside VPIDs', () => {
  const afterChange = (flushes: (cpu: X86) => boolean): Experiment =>
    experiment({
      machine: { vpids: 2, spare: 1, pcpus: 2 },
      words: { done: variable(), changed: variable() },
      cpus: [
        function* (cpu, { changed, done }) {
          yield* cpu.map(0, cpu.spare())
          yield* cpu.vmx.loadVpid(2)
          yield* cpu.vmx.invvpid(2)
          if (flushes(cpu)) yield* cpu.iommu.flush(0, { pages: 1 }, done)
          yield* cpu.store(changed, 1)
          return (yield* cpu.read(0)).frame === cpu.frame(0) ? 1 : 0
        },
      ],
      devices: [
        function* (device, { changed }) {
          const { frame } = yield* device.read(0)
          yield* device.until(changed, 1)
          return (yield* device.read(0)).frame === frame ? 1 : 0
        },
      ],
    })

  it('keeps what it has cached through INVVPID, and loses it by the queue of the IOMMU', () => {
    const kept = afterChange(() => false)
    const flushed = afterChange(() => true)
    expect(names(kept)).toEqual([])
    const later = (done: Experiment): number[] => [...new Set(done.outcomes.map(([own]) => own))]
    expect([later(kept), later(flushed)]).toEqual([[0], [0]])
    // Frames are told apart by whether they are the same: both reads may come after the change.
    expect(kept.outcomes).toEqual([[0, 1]])
    expect(flushed.outcomes).toEqual([
      [0, 0],
      [0, 1],
    ])
  })
})

it('VM entry with another CR3 loads the PDPTE registers', () => {
  const top = 3
  const { outcomes } = experiment({
    machine: { levels: 3, pdptes: true, vcpus: 1 },
    cpus: [
      function* (cpu) {
        yield* cpu.setEntry(top, 0, 0)
        const before = yield* cpu.read(0)
        yield* cpu.vmx.loadGuestCr3(0)
        yield* cpu.vmx.invvpid(2)
        return [before.fault, (yield* cpu.read(0)).fault]
      },
    ],
  })
  expect(outcomes).toEqual([[0, 1]])
})

it('vCPUs of which only some share a VPID are not alike', () => {
  const alike = (vpids: number): boolean => cpusAlike(nativeIpi, makeBounds({ vcpus: 3, vpids }))
  expect([0, 1, 2, 3].map(alike)).toEqual([true, true, false, true])
})
