/** Nested paging, rule by rule: what the two walks give, what is cached of them, and what an EPT violation does. */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment } from '../../src/experiment/experiment.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { A, D, G, P, RW, US, entry } from '../../src/machine/entry.ts'
import { EPT_A, EPT_D, EPT_R, EPT_RWX, EPT_W, EPT_X } from '../../src/machine/ept-entry.ts'
import type { X86 } from '../../src/machine/x86.ts'
import { variable, type SharedWords } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'

const machine: Partial<MachineConfig> = { vcpus: 1, ept: 1, spare: 1 }

/** What one CPU returns, over all executions: one digit a value. */
function alone(
  program: (cpu: X86, kernel: Cpu) => Code<number>,
  more: Partial<MachineConfig> = {},
  policy?: AnyPolicy,
): readonly number[] {
  const { outcomes, violations } = experiment({
    machine: { ...machine, ...more },
    ...(policy === undefined ? {} : { policy }),
    cpus: [(cpu, _words, kernel) => program(cpu, kernel)],
  })
  expect([...violations.keys()]).toEqual([])
  return outcomes.map(([value]) => value)
}

/** Where an access ended: at the first frame of the page, at the spare one, or nowhere. */
const OLD = 1
const NEW = 2
const PAGE_FAULT = 3
const VIOLATION = 4
function* where(cpu: X86, kind: 'read' | 'write' | 'fetch' = 'read', page = 0): Code<number> {
  const { code, fault, frame } = yield* cpu[kind](page)
  if (fault) return code === 1 << 8 ? VIOLATION : PAGE_FAULT
  return frame === cpu.frame(page) ? OLD : frame === cpu.spare() ? NEW : 0
}
const digits = (...values: readonly number[]): number => Number(values.join(''))

describe('the nested walk', () => {
  it('ends at the host frame that the EPT gives for the frame that the guest tables give', () => {
    const found = alone(function* (cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      return yield* where(cpu)
    })
    expect(found).toEqual([NEW])
  })

  it('translates every guest table that it reads, and none that a paging-structure cache spares it', () => {
    const without = (level: number, warm: boolean): readonly number[] =>
      alone(
        function* (cpu) {
          if (warm) yield* cpu.read(1)
          yield* cpu.vmx.setEpt(cpu.table(level, 0), cpu.spare(), 0)
          yield* cpu.vmx.invept(2)
          if (warm) yield* cpu.read(1)
          return yield* where(cpu)
        },
        { pages: [0, 1], levels: 3 },
      )
    for (const level of [1, 2, 3]) expect(without(level, false)).toEqual([VIOLATION])
    const cached = alone(
      function* (cpu) {
        yield* cpu.read(1)
        yield* cpu.vmx.setEpt(cpu.table(2, 0), cpu.spare(), 0)
        return yield* where(cpu)
      },
      { pages: [0, 1], levels: 3 },
    )
    expect(cached).toEqual([OLD])
  })

  it('is spared the upper guest tables by a paging-structure cache, which INVEPT empties', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.read(1)
        yield* cpu.setEntry(2, 0, 0)
        const cached = yield* where(cpu)
        yield* cpu.vmx.invept(1)
        return digits(cached, yield* where(cpu))
      },
      { pages: [0, 1] },
    )
    expect(found).toEqual([digits(OLD, PAGE_FAULT)])
  })

  it('judges the guest tables before the frame that they lead to', () => {
    const found = alone(function* (cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), 0)
      yield* cpu.clearFlags(1, 0, RW)
      return digits(yield* where(cpu, 'write'), yield* where(cpu, 'read'))
    })
    expect(found).toEqual([digits(PAGE_FAULT, VIOLATION)])
  })

  it.each([
    ['read', EPT_R, EPT_X],
    ['write', EPT_R | EPT_W, EPT_R | EPT_X],
    ['fetch', EPT_X, EPT_R | EPT_W],
  ] as const)('lets through a %s that the EPT allows and no other', (kind, enough, lacking) => {
    for (const [flags, expected] of [
      [enough, OLD],
      [lacking, VIOLATION],
    ] as const) {
      const found = alone(function* (cpu) {
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), flags)
        return yield* where(cpu, kind)
      })
      expect(found).toEqual([expected])
    }
  })

  it('can be overtaken by the host at each of its steps', () => {
    const { reachable } = experiment({
      machine: { ...machine, vcpus: 2 },
      cpus: [
        function* (cpu) {
          return yield* where(cpu)
        },
        function* (cpu) {
          yield* cpu.vmx.setEpt(cpu.table(1, 0), cpu.frame(0), 0)
          yield* cpu.vmx.setEpt(cpu.table(1, 0), cpu.table(1, 0), EPT_RWX)
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        },
      ],
    })
    for (const result of [OLD, NEW, VIOLATION]) expect(reachable((found) => found === result)).toBe(true)
    expect(reachable((found) => found === PAGE_FAULT)).toBe(false)
  })
})

describe('what is cached', () => {
  it('a change of an EPT entry that was present takes no effect before INVEPT', () => {
    const remap = (invalidate: boolean): readonly number[] =>
      alone(function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        if (invalidate) yield* cpu.vmx.invept(1)
        return yield* where(cpu)
      })
    expect(remap(false)).toEqual([OLD])
    expect(remap(true)).toEqual([NEW])
  })

  it('so does one that takes rights away', () => {
    const protect = (invalidate: boolean): readonly number[] =>
      alone(function* (cpu) {
        yield* cpu.write(0)
        yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_W)
        if (invalidate) yield* cpu.vmx.invept(1)
        return yield* where(cpu, 'write')
      })
    expect(protect(false)).toEqual([OLD])
    expect(protect(true)).toEqual([VIOLATION])
  })

  it('an entry that was not present is cached nowhere: making it present needs no INVEPT', () => {
    const found = alone(function* (cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), 0)
      const before = yield* where(cpu)
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      return digits(before, yield* where(cpu))
    })
    expect(found).toEqual([digits(VIOLATION, NEW)])
  })

  it('may vanish at any time, guest-physical mappings too', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        yield* cpu.invlpg(0)
        return yield* where(cpu)
      },
      { eviction: true },
    )
    expect(found).toEqual([OLD, NEW])
  })

  it('is not asked after a guest flush only: guest-physical mappings survive INVLPG and MOV to CR3', () => {
    for (const flush of ['invlpg', 'loadCr3'] as const) {
      const found = alone(function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        yield* cpu[flush](0)
        return yield* where(cpu)
      })
      expect(found).toEqual([OLD])
    }
  })
})

describe('INVLPG of the guest', () => {
  const change = function* (cpu: X86, vpids: readonly [number, number], epts: readonly [number, number]) {
    if (vpids[0] !== vpids[1]) yield* cpu.vmx.loadVpid(vpids[0])
    yield* cpu.vmx.loadEptp(epts[0])
    yield* cpu.read(0)
    if (vpids[0] !== vpids[1]) yield* cpu.vmx.loadVpid(vpids[1])
    yield* cpu.vmx.loadEptp(epts[1])
    yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
    yield* cpu.invlpg(0)
    if (vpids[0] !== vpids[1]) yield* cpu.vmx.loadVpid(vpids[0])
    yield* cpu.vmx.loadEptp(epts[0])
    return yield* where(cpu)
  }

  it('drops combined mappings made with any EPT', () => {
    expect(alone((cpu) => change(cpu, [1, 1], [0, 1]), { ept: 2 })).toEqual([NEW])
    expect(alone((cpu) => change(cpu, [1, 1], [1, 0]), { ept: 2 })).toEqual([NEW])
  })

  it('drops global ones made with any EPT', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.setFlags(1, 0, G)
        return yield* change(cpu, [1, 1], [0, 1])
      },
      { ept: 2, globals: true },
    )
    expect(found).toEqual([NEW])
  })

  it('drops those of the current VPID only', () => {
    expect(alone((cpu) => change(cpu, [1, 2], [0, 0]), { vpids: 2 })).toEqual([OLD])
  })
})

describe('mappings of one EPT', () => {
  it('are not used under another', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX, 1)
        yield* cpu.vmx.loadEptp(1)
        const other = yield* where(cpu)
        yield* cpu.vmx.loadEptp(0)
        return digits(other, yield* where(cpu))
      },
      { ept: 2 },
    )
    expect(found).toEqual([digits(NEW, OLD)])
  })

  it.each([
    [1, digits(NEW, OLD)],
    [2, digits(NEW, NEW)],
  ])('are dropped by INVEPT of type 1 alone, with all others by type 2: %i', (type, expected) => {
    const found = alone(
      function* (cpu) {
        for (const ept of [1, 0]) {
          yield* cpu.vmx.loadEptp(ept)
          yield* cpu.read(0)
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX, ept)
        }
        yield* cpu.vmx.invept(type)
        const first = yield* where(cpu)
        yield* cpu.vmx.loadEptp(1)
        return digits(first, yield* where(cpu))
      },
      { ept: 2 },
    )
    expect(found).toEqual([expected])
  })

  it('are dropped by INVEPT under all VPIDs and PCIDs of this pCPU, and on no other', () => {
    const { outcomes } = experiment({
      machine: { ...machine, vcpus: 2, vpids: 2, pcids: 2 },
      cpus: [
        function* (cpu) {
          yield* cpu.read(0)
          yield* cpu.loadCr3(0, { pcid: 1 })
          yield* cpu.read(0)
          yield* cpu.vmx.loadVpid(2)
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
          yield* cpu.vmx.invept(1)
          yield* cpu.vmx.loadVpid(1)
          const first = yield* where(cpu)
          yield* cpu.loadCr3(0, { pcid: 0, noflush: true })
          return digits(first, yield* where(cpu))
        },
        function* (cpu) {
          yield* cpu.read(0)
          return yield* where(cpu)
        },
      ],
    })
    expect(new Set(outcomes.map(([first]) => first))).toEqual(new Set([digits(NEW, NEW)]))
    expect(new Set(outcomes.map(([, other]) => other))).toEqual(new Set([OLD, NEW]))
  })

  it('INVEPT of a type that there is not fails and drops nothing', () => {
    const found = alone(function* (cpu) {
      yield* cpu.read(0)
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      const done = yield* cpu.vmx.invept(3)
      return digits(done ? 1 : 5, yield* where(cpu))
    })
    expect(found).toEqual([digits(5, OLD)])
  })
})

describe('an EPT violation', () => {
  it('drops what was cached for the address, so that a right that was given needs no INVEPT', () => {
    const upgrade = (rewalk: boolean): readonly number[] =>
      alone(
        function* (cpu) {
          yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_W)
          yield* cpu.read(0)
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
          const first = yield* where(cpu, 'write')
          return digits(first, yield* where(cpu, 'write'))
        },
        { rewalk },
      )
    expect(upgrade(false)).toEqual([digits(VIOLATION, NEW)])
    expect(upgrade(true)).toEqual([digits(NEW, NEW)])
  })

  it('comes of a guest-physical mapping that lacks a right by now given, and drops it', () => {
    const upgrade = (rewalk: boolean): readonly number[] =>
      alone(
        function* (cpu) {
          yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_W)
          yield* cpu.read(0)
          yield* cpu.invlpg(0)
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
          const first = yield* where(cpu, 'write')
          return digits(first, yield* where(cpu, 'write'))
        },
        { rewalk },
      )
    expect(upgrade(false)).toEqual([digits(VIOLATION, NEW)])
    expect(upgrade(true)).toEqual([digits(NEW, NEW)])
  })

  it('drops the paging-structure-cache entries on the path of its address', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.read(1)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), 0)
        yield* cpu.setEntry(2, 0, 0)
        const first = yield* where(cpu)
        return digits(first, yield* where(cpu))
      },
      { pages: [0, 1] },
    )
    expect(found).toEqual([digits(VIOLATION, PAGE_FAULT)])
  })

  it('leaves the mappings of other addresses alone, of the same frame too', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.setEntry(1, 1, entry(cpu.frame(0), P | RW | US))
        yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_W)
        yield* cpu.read(0)
        yield* cpu.read(1)
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
        yield* cpu.write(0)
        const after = yield* where(cpu, 'read')
        const { frame } = yield* cpu.read(1)
        return digits(after, frame === cpu.frame(0) ? OLD : NEW)
      },
      { pages: [0, 1] },
    )
    expect(found).toEqual([digits(NEW, OLD)])
  })

  const lend = (give: boolean): AnyPolicy =>
    definePolicy({
      name: 'lend',
      summary: 'Gives the frame that is missing, or gives up',
      *flush() {},
      *onEptViolation(host, frame, kind) {
        if (!give) return 1
        yield* host.vmx.setEpt(frame, frame, kind === 'write' ? EPT_R | EPT_W : EPT_R)
        return 0
      },
    })

  it('is an exit to the host, after which the access is tried again', () => {
    const faulting = function* (cpu: X86) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), 0)
      const read = yield* where(cpu, 'read')
      return digits(read, yield* where(cpu, 'write'), yield* where(cpu, 'fetch'))
    }
    const given = alone(
      function* (cpu) {
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), 0)
        return digits(yield* where(cpu, 'read'), yield* where(cpu, 'write'))
      },
      {},
      lend(true),
    )
    expect(given).toEqual([digits(OLD, OLD)])
    const refused = alone(faulting, {}, lend(false))
    expect(refused).toEqual([digits(VIOLATION, VIOLATION, VIOLATION)])
    expect(alone(faulting)).toEqual(refused)
  })

  it('of speculation is not seen by anybody', () => {
    const { outcomes } = experiment({
      machine: { ...machine, speculation: 1 },
      words: { exits: variable() },
      policy: definePolicy({
        name: 'count',
        summary: 'Counts EPT violations',
        *flush() {},
        *onEptViolation(host) {
          yield* host.store((host.shared as { exits: SharedWords }).exits.of(), 1)
          return 1
        },
      }),
      *setup(cpu) {
        yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), 0)
      },
      cpus: [
        function* (cpu) {
          yield* cpu.sti()
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
          return yield* where(cpu)
        },
      ],
      observe: (read, { exits }) => [read(exits)],
    })
    expect(outcomes).toEqual([[NEW, 0]])
  })
})

describe('accessed and dirty flags of EPT', () => {
  const flags = (word: number): number => (word & EPT_A ? 1 : 0) | (word & EPT_D ? 2 : 0)
  const after = (eptDirty: boolean, kind: 'read' | 'write', level: number): readonly number[] =>
    alone(
      function* (cpu) {
        yield* cpu[kind](0)
        return flags(yield* cpu.vmx.readEpt(level === 0 ? cpu.frame(0) : cpu.table(level, 0)))
      },
      { eptDirty },
    )

  it('are set in the entry of a page by what is done to it', () => {
    expect(after(true, 'read', 0)).toEqual([1])
    expect(after(true, 'write', 0)).toEqual([3])
    expect(after(false, 'write', 0)).toEqual([0])
  })

  it('make every guest table that a walk reads dirty, a mere read too', () => {
    for (const level of [1, 2]) {
      expect(after(true, 'read', level)).toEqual([3])
      expect(after(false, 'read', level)).toEqual([0])
    }
  })

  it('on: a walk through a table that the EPT does not allow to be written is a violation', () => {
    const walk = (eptDirty: boolean, state: number): readonly number[] =>
      alone(
        function* (cpu) {
          yield* cpu.setEntry(1, 0, entry(cpu.frame(0), state))
          yield* cpu.vmx.clearEpt(cpu.table(1, 0), EPT_W)
          return yield* where(cpu)
        },
        { eptDirty },
      )
    const accessed = P | RW | US | A
    expect(walk(true, accessed)).toEqual([VIOLATION])
    expect(walk(false, accessed)).toEqual([OLD])
    // Without them it is one only where A or D has to be set in the guest's entry.
    expect(walk(false, P | RW | US)).toEqual([VIOLATION])
  })

  it('off: D of the guest needs the write right of the table too', () => {
    const found = alone(function* (cpu) {
      yield* cpu.vmx.clearEpt(cpu.table(1, 0), EPT_W)
      const read = yield* where(cpu, 'read')
      const write = yield* where(cpu, 'write')
      yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US | A | D))
      yield* cpu.invlpg(0)
      return digits(read, write, yield* where(cpu, 'write'))
    })
    expect(found).toEqual([digits(OLD, VIOLATION, OLD)])
  })

  it('that are cleared without INVEPT lose later stores: a cached dirty mapping sets nothing', () => {
    const log = (invalidate: boolean): readonly number[] =>
      alone(
        function* (cpu) {
          yield* cpu.write(0)
          yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_D)
          if (invalidate) yield* cpu.vmx.invept(1)
          yield* cpu.write(0)
          return flags(yield* cpu.vmx.readEpt(cpu.frame(0)))
        },
        { eptDirty: true },
      )
    expect(log(false)).toEqual([1])
    expect(log(true)).toEqual([3])
  })

  it('are set by the first store through a mapping that was cached for a read', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.write(0)
        yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_D)
        yield* cpu.vmx.invept(1)
        yield* cpu.read(0)
        const read = flags(yield* cpu.vmx.readEpt(cpu.frame(0)))
        yield* cpu.write(0)
        return digits(read, flags(yield* cpu.vmx.readEpt(cpu.frame(0))))
      },
      { eptDirty: true },
    )
    expect(found).toEqual([digits(1, 3)])
  })
})

describe('two levels of EPT', () => {
  const two = { eptTables: true }

  it('translate like one', () => {
    const found = alone(function* (cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      return yield* where(cpu)
    }, two)
    expect(found).toEqual([NEW])
  })

  it('have a table that, once unlinked, is a violation after INVEPT and may be used before', () => {
    const unlink = (invalidate: boolean, evict: boolean): readonly number[] =>
      alone(
        function* (cpu) {
          yield* cpu.read(0)
          yield* cpu.vmx.linkEptTable(cpu.frame(0), false)
          if (invalidate) yield* cpu.vmx.invept(1)
          const found = yield* where(cpu)
          yield* cpu.vmx.linkEptTable(cpu.frame(0), true)
          return digits(found, yield* where(cpu))
        },
        { ...two, eviction: evict },
      )
    expect(unlink(true, false)).toEqual([digits(VIOLATION, OLD)])
    expect(unlink(false, false)).toEqual([digits(OLD, OLD)])
    expect(unlink(false, true)).toEqual([digits(OLD, OLD), digits(VIOLATION, OLD)])
  })

  it('cache the upper level: a frame that was never accessed is found through an unlinked table', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.read(1)
        yield* cpu.vmx.linkEptTable(cpu.spare(), false)
        yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
        const warm = yield* where(cpu)
        yield* cpu.vmx.invept(1)
        return digits(warm, yield* where(cpu))
      },
      { ...two, pages: [0, 1] },
    )
    expect(found).toEqual([digits(NEW, VIOLATION)])
  })

  it('drop the upper level too at an EPT violation below it', () => {
    const found = alone(
      function* (cpu) {
        yield* cpu.read(1)
        yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
        yield* cpu.vmx.setEpt(cpu.spare(), cpu.spare(), 0)
        yield* cpu.vmx.linkEptTable(cpu.spare(), false)
        const first = yield* where(cpu)
        yield* cpu.vmx.setEpt(cpu.spare(), cpu.spare(), EPT_RWX)
        const second = yield* where(cpu)
        yield* cpu.vmx.linkEptTable(cpu.spare(), true)
        return digits(first, second, yield* where(cpu))
      },
      { ...two, pages: [0, 1] },
    )
    expect(found).toEqual([digits(VIOLATION, VIOLATION, NEW)])
  })

  const free = (invalidate: 'before' | 'after'): string[] => {
    const { violations } = experiment({
      machine: { ...machine, ...two, pages: [0, 1], vcpus: 1 },
      cpus: [
        function* (cpu) {
          yield* cpu.read(1)
          yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
          yield* cpu.vmx.linkEptTable(cpu.spare(), false)
          if (invalidate === 'before') yield* cpu.vmx.invept(1)
          yield* cpu.vmx.freeEptTable(cpu.spare())
          yield* cpu.read(0)
          if (invalidate === 'after') yield* cpu.vmx.invept(1)
        },
      ],
    })
    return [...violations.values()].map(({ explanation }) => explanation)
  }
  it('have a table that is walked after it was freed, if it is freed before the INVEPT', () => {
    expect(free('before')).toEqual([])
    expect(free('after')).toEqual(['CPU0: the page walker reads the EPT table of S0, which was freed'])
  })

  it('can be overtaken between the two', () => {
    const { violations, reachable } = experiment({
      machine: { ...machine, ...two, vcpus: 2 },
      cpus: [
        function* (cpu) {
          return yield* where(cpu)
        },
        function* (cpu) {
          yield* cpu.vmx.linkEptTable(cpu.frame(0), false)
          yield* cpu.vmx.freeEptTable(cpu.frame(0))
        },
      ],
    })
    expect([...violations.keys()]).toEqual(['hardware-walk'])
    expect(reachable((found) => found === VIOLATION)).toBe(true)
  })
})
