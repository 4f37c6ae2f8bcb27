/** Copies of pages: what a frame holds, and that nobody sees the original once the copy was accessed (COW, migration). */
import { describe, expect, it } from 'vitest'
import { perform, type Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { flushTlbRange } from '../../src/guest/flush.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { nativeIpi } from '../../src/policies/index.ts'

const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()
const flush = (kernel: Cpu): Code => flushTlbRange(kernel, 0, 1, {}, 0)

/** wp_page_copy: page 0, read-only to begin with, gets a frame of its own, which is then written. CPU1 reads twice. */
const copyOnWrite = (order: 'clear, flush, set' | 'set, flush'): Experiment =>
  experiment({
    machine: { contents: true, spare: 1 },
    policy: nativeIpi,
    *setup(cpu) {
      yield* cpu.write(0, 3)
      yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | US))
      yield* cpu.invlpg(0)
    },
    cpus: [
      function* (cpu, _words, kernel) {
        const mine = cpu.spare()
        yield* kernel.copyPage(mine, cpu.frame(0), 0)
        if (order === 'clear, flush, set') {
          yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
          yield* flush(kernel)
        }
        yield* cpu.setEntry(1, 0, entry(mine, P | RW | US))
        if (order === 'clear, flush, set') {
          yield* cpu.write(0, 5)
          return
        }
        yield* cpu.invlpg(0)
        yield* cpu.write(0, 5)
        yield* flush(kernel)
      },
      function* (cpu) {
        const first = yield* cpu.read(0)
        const second = yield* cpu.read(0)
        return (first.fault ? 9 : first.value) * 10 + (second.fault ? 9 : second.value)
      },
    ],
  })

describe('copy on write', () => {
  it('that flushes between the old entry and the new one never lets anybody see both frames', () => {
    const { outcomes, violations } = copyOnWrite('clear, flush, set')
    expect([...violations]).toEqual([])
    const seen = outcomes.map(([, both]) => both)
    // 9 is a fault. The copy holds what the original held until it is written.
    expect(seen).toContain(33)
    expect(seen).toContain(35)
    expect(seen).not.toContain(53)
  })

  it('that installs the new entry first lets the old frame be read behind the new one', () => {
    expect(names(copyOnWrite('set, flush'))).toEqual(['stale-copy'])
  })

  it('is nothing that a change of rights alone looks like', () => {
    const found = experiment({
      machine: { contents: true },
      policy: nativeIpi,
      cpus: [
        function* (cpu) {
          yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | US))
          yield* cpu.read(0)
        },
        function* (cpu) {
          yield* cpu.read(0)
          yield* cpu.write(0, 2)
        },
      ],
    })
    expect(names(found)).toEqual([])
  })

  it('in one space leaves the original to the other', () => {
    const { violations, outcomes } = experiment({
      machine: { contents: true, spare: 1, spaces: 2 },
      *setup(cpu) {
        yield* cpu.write(0, 3)
        yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | US), cpu.table(1, 0, 1))
      },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* kernel.copyPage(cpu.spare(), cpu.frame(0), 0)
          yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
          yield* cpu.invlpg(0)
          yield* cpu.write(0, 5)
        },
        function* (cpu) {
          yield* cpu.loadCr3(1)
          return (yield* cpu.read(0)).value
        },
      ],
    })
    expect([...violations]).toEqual([])
    expect(outcomes).toEqual([[0, 3]])
  })
})

describe('migration', () => {
  const moving = (flushFirst: boolean): Experiment =>
    experiment({
      machine: { contents: true, spare: 1 },
      policy: nativeIpi,
      cpus: [
        function* (cpu, _words, kernel) {
          yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
          if (flushFirst) yield* flush(kernel)
          yield* kernel.copyPage(cpu.spare(), cpu.frame(0), 0, { replaces: true })
          yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
        },
        function* (cpu) {
          yield* cpu.write(0, 7)
          const wrote = !(yield* cpu.write(0, 8)).fault
          return wrote ? 1 : 0
        },
      ],
    })

  it('copies after the flush, so that no store is lost', () => {
    expect(names(moving(true))).toEqual([])
  })

  it('that copies first loses stores through old translations', () => {
    expect(names(moving(false))).toEqual(['lost-write'])
  })
})

it('a frame that is freed and handed out again is nobody’s copy', () => {
  const { violations, outcomes } = experiment({
    machine: { contents: true, spare: 1 },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* cpu.write(0, 4)
        yield* kernel.copyPage(cpu.spare(), cpu.frame(0), 0)
        yield* kernel.put(cpu.spare())
        const again = yield* kernel.allocate('data', { mayFail: false })
        yield* cpu.setEntry(1, 0, entry(again, P | RW | US))
        yield* cpu.invlpg(0)
        const { value } = yield* cpu.read(0)
        yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US))
        return again === cpu.spare() ? value : 99
      },
    ],
  })
  expect([...violations]).toEqual([])
  expect(outcomes).toEqual([[0]])
})
