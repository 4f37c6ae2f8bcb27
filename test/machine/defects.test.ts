/** Promises of the machine and of the world around it that do not hold yet; each is reported with what should happen. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'
import { CACHED_PS, CONDEMNED, VALID } from '../../src/machine/cached.ts'
import { machineConfig, type MachineConfig } from '../../src/machine/config.ts'
import { PS } from '../../src/machine/entry.ts'
import { FLUSH_BEGINS, FLUSH_DONE } from '../../src/machine/flush-ghosts.ts'
import { Geometry } from '../../src/machine/geometry.ts'
import { Machine } from '../../src/machine/machine.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { flushNobody, hypervList } from '../../src/policies/index.ts'
import { operations, program, programs, type Program } from './drive.ts'
import { everyState } from './every-state.ts'

describe('INVLPG of a page within a large page', () => {
  // SDM: one INVLPG is enough for a large page, whichever of its addresses it names and whichever piece is cached.
  it('drops the pieces that are cached although the one that it names is not', () => {
    const d = program(
      function* (cpu) {
        yield* cpu.access(3, 'read')
        yield* cpu.invlpg(0b01)
      },
      { machine: { pages: [2, 3] } },
    )
    d.S[d.entryAt(2, 2)] |= PS
    d.until(0, 'access')
    expect([d.tlb(0, 2), d.tlb(0, 3) & CACHED_PS]).toEqual([0, CACHED_PS])
    d.finish(0)
    expect(d.tlb(0, 3)).toBe(0)
  })
})

describe('a page with a large number', () => {
  // The walk keeps six bits of a page number, and the next one is the write flag.
  it.each([64, 65, 128, 255])('is reached like any other, or refused by the configuration: %i', (page) => {
    let machine: MachineConfig
    try {
      machine = machineConfig({ levels: 4, entries: 4, pages: [0, page] })
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ShootdownError)
      return
    }
    const d = program((cpu) => cpu.access(page, 'read'), { machine })
    d.finish(0)
    expect(d.seen.at(-1)).toMatchObject({ op: 'access', result: 0 })
    expect(d.m.cached.frame(d.tlb(0, page))).toBe(d.frame(`P${page}`))
  })
})

describe('a configuration that is accepted', () => {
  it('makes a machine', () => {
    const given = fc
      .record({
        levels: fc.integer({ min: 2, max: 5 }),
        entries: fc.integer({ min: 2, max: 4 }),
        vcpus: fc.integer({ min: 1, max: 6 }),
        spaces: fc.integer({ min: 1, max: 2 }),
      })
      .chain((config) =>
        fc
          .uniqueArray(fc.nat(Math.min(63, config.entries ** config.levels - 1)), {
            minLength: 1,
            maxLength: 8,
          })
          .map((pages) => ({ ...config, pages })),
      )
    fc.assert(
      fc.property(given, (each) => {
        let config: MachineConfig | undefined
        try {
          config = machineConfig(each)
        } catch (refused) {
          expect(String(refused)).toMatch(/pages that need 30 tables or fewer/)
        }
        if (config !== undefined) expect(() => new Machine(config)).not.toThrow()
      }),
      // More than 31 tables do not fit in the mask of a software walk.
      { examples: [[{ levels: 5, entries: 2, vcpus: 2, spaces: 2, pages: [0, 4, 8, 12, 16, 20, 24, 28] }]] },
    )
  })
})

describe('the ghost of a flush', () => {
  const flush: Program = function* (cpu) {
    yield* cpu.sti()
    yield* perform(FLUSH_BEGINS, 0b11, 0)
    yield* cpu.sti()
    yield* perform(FLUSH_DONE)
  }
  /** CPU1 has cached the path to its page; CPU0 unhooks the table of `level` and flushes nobody. */
  const stale = (pages: number[], levels: number, level: number): number => {
    const { tables } = new Geometry(machineConfig({ pages, levels }))
    const above = tables.find((table) => table.level === level + 1)!.frame
    const unhook: Program = function* (cpu) {
      yield* perform(CLEAR_ENTRY, above, place(level + 1, pages[0]))
      yield* flush(cpu)
    }
    const d = programs([unhook, (cpu) => cpu.access(pages[0], 'read')], { machine: { pages, levels } })
    d.finish(1)
    d.finish(0)
    return d.structure(1, level, pages[0]) & (VALID | CONDEMNED)
  }
  it.each([
    [[2, 3], 3, 2],
    [[3], 2, 1],
    [[1], 3, 1],
  ])(
    'condemns structure-cache entries whichever pages of the table are mapped: pages %j of %i levels, level %i',
    (pages, levels, level) => {
      expect(stale(pages, levels, level)).toBe(VALID | CONDEMNED)
    },
  )
})

describe('an invalidation', () => {
  // The walk is gone, so nothing of it should keep two otherwise equal states apart.
  it('that discards a speculative walk leaves nothing of it behind', () => {
    for (const invalidate of [(cpu) => cpu.invlpg(1), (cpu) => cpu.loadCr3(0)] as Program[]) {
      const d = program(invalidate, { machine: { pages: [2], speculation: 1 } }).go(
        'speculate cpu0 page 2',
        'cpu0',
      )
      expect(
        [d.m.speculation, d.m.caches.speculationPointer, d.m.speculationPage].map((at) => d.S[at]),
      ).toEqual([0, 0, 0])
    }
  })
})

describe('a handler that turns interrupts on', () => {
  const ringing = definePolicy({
    name: 'ringing',
    summary: 'Has a handler with a section of its own',
    shared: { began: variable({ max: 7 }), ended: variable({ max: 7 }) },
    *flush() {},
    interrupts: {
      *bell(cpu) {
        yield* cpu.fetchAdd(cpu.shared.began.of(), 1)
        // What any helper with a cli/sti pair does.
        yield* cpu.sti()
        yield* cpu.fetchAdd(cpu.shared.ended.of(), 1)
      },
    },
  })

  it('goes on to its end although the next interrupt comes, within it or after it', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (picks) => {
        const ring: Program = function* (cpu) {
          for (let i = 0; i < 2; i++) yield* cpu.sendIpi(1, 'bell')
        }
        const d = programs([ring, (cpu) => cpu.sti()], { policy: ringing })
        d.wander((count) => picks.next().value! % count)
        expect(d.words('ended')).toEqual(d.words('began'))
      }),
    )
  })
})

describe('a choice of many outcomes', () => {
  // A transition keeps eight bits for the outcome; one more runs into the number of the CPU.
  it.each([256, 257, 400])('is a choice of the CPU that makes it, or is refused: %i', (outcomes) => {
    try {
      const d = programs([(cpu) => cpu.choose(outcomes), (cpu) => cpu.sti()])
      const own = d.transitions().filter((t) => d.world.actor(t) === 0)
      expect(own).toHaveLength(outcomes)
      expect(d.names().filter((name) => name.startsWith('cpu1'))).toEqual(['cpu1'])
    } catch (thrown) {
      if ((thrown as Error).name === 'AssertionError') throw thrown
      expect(thrown).toBeInstanceOf(ShootdownError)
    }
  })
})

describe('counting behind a violation', () => {
  it.each([flushNobody, hypervList])('goes on as if nothing had happened: $name', (policy) => {
    for (const op of ['read', 'write', 'gup_fast']) {
      const d = operations([[{ op: 'munmap', page: 0 }], [{ op, page: 0 }]], { policy })
      let ends = 0
      everyState(d, () => (ends += d.world.final() ? 1 : 0), true)
      expect(ends).toBeGreaterThan(0)
    }
  })
})
