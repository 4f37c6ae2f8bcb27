/** INVLPGB and TLBSYNC: AMD APM vol. 3, and Linux arch/x86/include/asm/tlb.h. */
import { describe, expect, it } from 'vitest'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { G, P, RW, US, entry } from '../../src/machine/entry.ts'
import type { Operand } from '../../src/machine/operand.ts'
import { variable } from '../../src/machine/word.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'

const words = { cached: variable(), go: variable() }
type Some = Program<typeof words>

/** CPU1 caches page 0 with interrupts off; CPU0 maps it elsewhere and broadcasts; CPU1 reads again: 1 = new frame. */
const remap = (then: (cpu: X86) => Code, machine: Partial<MachineConfig> = {}): Experiment => {
  const issuer: Some = function* (cpu, { cached, go }) {
    yield* cpu.until(cached, 1)
    yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
    yield* then(cpu)
    yield* cpu.store(go, 1)
  }
  const user: Some = function* (cpu, { cached, go }) {
    yield* cpu.cli()
    yield* cpu.read(0)
    yield* cpu.store(cached, 1)
    yield* cpu.until(go, 1)
    return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
  }
  return experiment({ machine: { invlpgb: 1, spare: 1, ...machine }, words, cpus: [issuer, user] })
}
const newFrame = ({ outcomes }: Experiment): number[] => outcomes.map(([, seen]) => seen)

function* broadcastAndSync(cpu: X86): Code {
  yield* cpu.invlpgb({ pages: 1 })
  yield* cpu.tlbsync()
}

describe('INVLPGB', () => {
  it('reaches another CPU some time later, whatever its IF says', () => {
    const alone = remap(function* (cpu) {
      yield* cpu.invlpgb({ pages: 1 })
    })
    expect(newFrame(alone)).toEqual([0, 1])
  })

  it('is waited for by TLBSYNC', () => {
    expect(newFrame(remap(broadcastAndSync))).toEqual([1])
    expect(newFrame(remap(function* () {}))).toEqual([0])
  })

  it('reaches its own CPU later, too', () => {
    const self = (sync: boolean) =>
      experiment({
        machine: { invlpgb: 1, spare: 1 },
        cpus: [
          function* (cpu) {
            yield* cpu.read(0)
            yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
            yield* cpu.invlpgb({ pages: 1 })
            if (sync) yield* cpu.tlbsync()
            return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
          },
        ],
      })
    expect(self(true).outcomes).toEqual([[1]])
    expect(self(false).outcomes).toEqual([[0], [1]])
  })

  it('reaches CPUs in any order, and those with nothing to do', () => {
    const { outcomes } = experiment({
      machine: { invlpgb: 1, spare: 1, vcpus: 3 },
      words: { cached: variable({ max: 3 }), first: variable() },
      cpus: [
        function* (cpu, { cached, first }) {
          yield* cpu.until(cached, 3)
          yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
          yield* cpu.invlpgb({ pages: 1 })
          yield* cpu.store(first, 1)
        },
        ...[1, 2].map(
          (bit) =>
            function* (
              cpu: X86,
              words_: Record<'cached' | 'first', Parameters<X86['load']>[0]>,
            ): Code<number> {
              yield* cpu.read(0)
              yield* cpu.fetchOr(words_.cached, bit)
              yield* cpu.until(words_.first, 1)
              return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
            },
        ),
      ],
    })
    expect(outcomes.map(([, ...seen]) => seen.join(''))).toEqual(['00', '01', '10', '11'])
  })

  it('discards the walk that its target has in flight: a table may be freed once TLBSYNC is done', () => {
    const unhook = (sync: boolean) =>
      experiment({
        machine: { invlpgb: 1 },
        cpus: [
          function* (cpu, _words, kernel) {
            yield* cpu.setEntry(2, 0, 0)
            yield* cpu.invlpgb({ pages: 1 })
            if (sync) yield* cpu.tlbsync()
            yield* kernel.freeTableNow(cpu.table(1, 0))
          },
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
      })
    expect([...unhook(true).violations.keys()]).toEqual([])
    expect([...unhook(false).violations.keys()]).toEqual(['hardware-walk'])
  })

  it('waits for room where as many are on their way as a CPU can have', () => {
    const two = (invlpgb: number) =>
      experiment({
        machine: { invlpgb, spare: 1 },
        words: { issued: variable({ max: 2 }) },
        cpus: [
          function* (cpu, { issued }) {
            yield* cpu.invlpgb({ pages: 1 })
            yield* cpu.store(issued, 1)
            yield* cpu.invlpgb()
            yield* cpu.store(issued, 2)
            yield* cpu.tlbsync()
            return 1
          },
        ],
      })
    const [one, more] = [two(1), two(2)]
    expect([one.outcomes, more.outcomes]).toEqual([[[1]], [[1]]])
    expect(more.states).toBeGreaterThan(one.states)
  })

  it('is part of the feature', () => {
    const sentence = 'INVLPGB is not there: the machine\'s feature "invlpgb" is off.'
    expect(() => remap(broadcastAndSync, { invlpgb: 0 })).toThrow(sentence)
    expect(() =>
      remap(
        function* (cpu) {
          yield* cpu.tlbsync()
        },
        { invlpgb: 0 },
      ),
    ).toThrow('TLBSYNC is not there')
  })
})

describe('TLBSYNC', () => {
  it('does not wait for what another CPU has issued', () => {
    const { outcomes } = experiment({
      machine: { invlpgb: 1, spare: 1 },
      words,
      cpus: [
        function* (cpu, { cached, go }) {
          yield* cpu.until(cached, 1)
          yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
          yield* cpu.invlpgb({ pages: 1 })
          yield* cpu.store(go, 1)
        },
        function* (cpu, { cached, go }) {
          yield* cpu.read(0)
          yield* cpu.store(cached, 1)
          yield* cpu.until(go, 1)
          yield* cpu.tlbsync()
          return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
        },
      ],
    })
    expect(outcomes.map(([, seen]) => seen)).toEqual([0, 1])
  })

  it('waits for nothing on a pCPU that its vCPU has moved to since the INVLPGB', () => {
    const host = { pcpus: 3, preemptions: 1 }
    expect(newFrame(remap(broadcastAndSync, { ...host, migration: true }))).toEqual([0, 1])
    expect(newFrame(remap(broadcastAndSync, { ...host, pcpus: 2 }))).toEqual([1])
    expect(newFrame(remap(broadcastAndSync, { ...host, migration: true, preemptions: 0 }))).toEqual([1])
  })
})

describe('the operand of INVLPGB', () => {
  /** One CPU: what it reads of page 0 and of page 2, of which both were mapped elsewhere: 1 = new, 0 = old. */
  const pagesAfter = (what: Operand, globals = false): string => {
    const { outcomes } = experiment({
      machine: { invlpgb: 1, spare: 2, pages: [0, 2], globals },
      cpus: [
        function* (cpu) {
          for (const page of [0, 2]) {
            if (globals)
              yield* cpu.setEntry(1, page, entry(cpu.frame(page), P | RW | US | (page === 0 ? G : 0)))
            yield* cpu.read(page)
            yield* cpu.setEntry(1, page, entry(cpu.spare(page / 2), P | RW | US))
          }
          yield* cpu.invlpgb(what)
          yield* cpu.tlbsync()
          const first = (yield* cpu.read(0)).frame === cpu.spare(0) ? 1 : 0
          return first * 2 + ((yield* cpu.read(2)).frame === cpu.spare(1) ? 1 : 0)
        },
      ],
    })
    return outcomes.map(([seen]) => seen.toString(2).padStart(2, '0')).join(' ')
  }

  it('names pages, or none and thus all', () => {
    expect(pagesAfter({ pages: 1 })).toBe('10')
    expect(pagesAfter({ pages: 2 })).toBe('01')
    expect(pagesAfter({ pages: 3 })).toBe('11')
    expect(pagesAfter({})).toBe('11')
    expect(pagesAfter({ pcid: 0 })).toBe('11')
  })

  it('includes global translations if it says so', () => {
    expect(pagesAfter({}, true)).toBe('01')
    expect(pagesAfter({ global: true }, true)).toBe('11')
    expect(pagesAfter({ pages: 1 }, true)).toBe('00')
    expect(pagesAfter({ pages: 1, global: true }, true)).toBe('10')
    expect(pagesAfter({ pcid: 0 }, true)).toBe('01')
  })

  it('names one PCID, whether it is the current one or not', () => {
    const other = (what: Operand): number[] =>
      experiment({
        machine: { invlpgb: 1, spare: 1, pcids: 2 },
        cpus: [
          function* (cpu) {
            yield* cpu.loadCr3(0, { pcid: 1 })
            yield* cpu.read(0)
            yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
            yield* cpu.loadCr3(0, { pcid: 0 })
            yield* cpu.invlpgb(what)
            yield* cpu.tlbsync()
            yield* cpu.loadCr3(0, { pcid: 1, noflush: true })
            return (yield* cpu.read(0)).frame === cpu.spare() ? 1 : 0
          },
        ],
      }).outcomes.map(([seen]) => seen)
    expect(other({ pcid: 1 })).toEqual([1])
    expect(other({ pages: 1, pcid: 1 })).toEqual([1])
    expect(other({ pcid: 0 })).toEqual([0])
    expect(other({ pages: 1 })).toEqual([1])
  })

  it('leaves upper-level entries alone if it says so', () => {
    /** The PMD entry of page 0 comes to point to the table of page 2: 1 if page 0 is found there. */
    const upper = (what: Operand): number[] =>
      experiment({
        machine: { invlpgb: 1, pages: [0, 2] },
        cpus: [
          function* (cpu) {
            yield* cpu.read(0)
            yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), P | RW | US))
            yield* cpu.invlpgb(what)
            yield* cpu.tlbsync()
            return (yield* cpu.read(0)).frame === cpu.frame(2) ? 1 : 0
          },
        ],
      }).outcomes.map(([seen]) => seen)
    expect(upper({ pages: 1 })).toEqual([1])
    expect(upper({})).toEqual([1])
    expect(upper({ pages: 1, final: true })).toEqual([0])
    expect(upper({ final: true })).toEqual([0])
  })

  it('drops no more upper-level entries than are on the path of a page that is named', () => {
    /** Page 1 is under the same table as page 0; it is not in the TLB itself. */
    const below = (pages: number): number[] =>
      experiment({
        machine: { invlpgb: 1, pages: [0, 1, 2] },
        cpus: [
          function* (cpu) {
            yield* cpu.read(0)
            yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), P | RW | US))
            yield* cpu.invlpgb({ pages })
            yield* cpu.tlbsync()
            return (yield* cpu.read(1)).frame === cpu.frame(1) ? 1 : 0
          },
        ],
      }).outcomes.map(([seen]) => seen)
    expect(below(0b100)).toEqual([1])
    expect(below(0b001)).toEqual([0])
  })
})
