/** Store buffers, as experiments: which outcomes a few lines on each CPU can have, and which they cannot. */
import { describe, expect, it } from 'vitest'
import { perform, type Code, type Op } from '../../src/engine/step.ts'
import { experiment } from '../../src/experiment/experiment.ts'
import type { ExperimentOptions, Program } from '../../src/experiment/options.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { A, D, P, RW, US, entry } from '../../src/machine/entry.ts'
import { PUT, TRY_GET } from '../../src/machine/frames.ts'
import { VALID } from '../../src/machine/cached.ts'
import {
  CLEAR_ENTRY,
  FIND_TABLE,
  IS_FULL,
  PEEK_ENTRY,
  READ_ENTRY,
  REVOKE_ENTRY,
  SAME_ENTRY,
  SET_ENTRY,
  place,
} from '../../src/machine/table-ops.ts'
import { perCpu, variable, type SharedDeclaration, type Word } from '../../src/machine/word.ts'
import { WAIT_FREE } from '../../src/machine/memory.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { policies } from '../../src/policies/index.ts'
import { makeBounds, tellBounds } from '../../src/scenario/bounds.ts'
import { verify } from '../../src/verify/verify.ts'
import { tellStory } from '../../src/report/story.ts'
import { calling } from '../hypervisor/calling.ts'
import { programs, type Program as Driven } from './drive.ts'
import { some } from '../thorough.ts'

const xy = { x: variable({ max: 2 }), y: variable({ max: 2 }), z: variable({ max: 2 }) }
type Words = Record<keyof typeof xy, Word>
type Line = (cpu: Parameters<Program<typeof xy>>[0], words: Words, kernel: Cpu) => Code<unknown>

/** All outcomes of programs on x, y and z, as texts. */
function outcomes(
  cpus: readonly Program<typeof xy>[],
  machine: Partial<MachineConfig> = { storeBuffer: 2 },
  rest: Partial<ExperimentOptions<typeof xy & Record<string, SharedDeclaration>>> = {},
): string[] {
  const { outcomes: all, deadlocks, violations } = experiment({ words: xy, cpus, machine, ...rest } as never)
  expect(deadlocks).toEqual([])
  expect([...violations.keys()]).toEqual([])
  return all.map((outcome) => outcome.join(','))
}

/** Store buffering: each CPU stores to its word, does `between`, and looks at the word of the other. */
const sb = (between: Line, machine?: Partial<MachineConfig>): string[] =>
  outcomes(
    [
      function* (cpu, w, kernel) {
        yield* cpu.store(w.x, 1)
        yield* between(cpu, w, kernel)
        return yield* cpu.load(w.y)
      },
      function* (cpu, { x, y }) {
        yield* cpu.store(y, 1)
        yield* cpu.mfence()
        return yield* cpu.load(x)
      },
    ],
    { storeBuffer: 2, ...machine },
  )

const nothing: Line = function* () {}

const T0 = 2
const PAGE0 = 3
const PTE = place(1, 0)
const mapped = entry(PAGE0, P | RW | US | A | D)

describe('what x86-TSO allows', () => {
  const both = (between: Line, storeBuffer: number): string[] => {
    const half = (mine: 'x' | 'y', other: 'x' | 'y'): Program<typeof xy> =>
      function* (cpu, w, kernel) {
        yield* cpu.store(w[mine], 1)
        yield* between(cpu, w, kernel)
        return yield* cpu.load(w[other])
      }
    return outcomes([half('x', 'y'), half('y', 'x')], { storeBuffer })
  }
  const fence: Line = (cpu) => cpu.mfence()

  it('lets two loads pass the stores before them, and only where there are store buffers (SB)', () => {
    expect(both(nothing, 1)).toEqual(['0,0', '0,1', '1,0', '1,1'])
    expect(both(nothing, 0)).toEqual(['0,1', '1,0', '1,1'])
    expect(both(fence, 1)).toEqual(['0,1', '1,0', '1,1'])
  })

  it('keeps the stores of a CPU in order, and its loads (MP)', () => {
    const all = outcomes([
      function* (cpu, { x, y }) {
        yield* cpu.store(x, 1)
        yield* cpu.store(y, 1)
      },
      function* (cpu, { x, y }) {
        const first = yield* cpu.load(y)
        return first * 10 + (yield* cpu.load(x))
      },
    ])
    expect(all).toEqual(['0,0', '0,1', '0,11'])
  })

  it('lets no store pass the load before it (LB)', () => {
    const half = (mine: 'x' | 'y', other: 'x' | 'y'): Program<typeof xy> =>
      function* (cpu, w) {
        const seen = yield* cpu.load(w[other])
        yield* cpu.store(w[mine], 1)
        return seen
      }
    expect(outcomes([half('x', 'y'), half('y', 'x')])).toEqual(['0,0', '0,1', '1,0'])
  })

  it('shows the stores of two CPUs to all others in one order (IRIW)', () => {
    const write = (mine: 'x' | 'y'): Program<typeof xy> =>
      function* (cpu, w) {
        yield* cpu.store(w[mine], 1)
      }
    const read = (first: 'x' | 'y', then: 'x' | 'y'): Program<typeof xy> =>
      function* (cpu, w) {
        const seen = yield* cpu.load(w[first])
        return seen * 10 + (yield* cpu.load(w[then]))
      }
    const all = outcomes([write('x'), write('y'), read('x', 'y'), read('y', 'x')])
    expect(all).toHaveLength(15)
    expect(all).not.toContain('0,0,10,10')
  })

  it('never lets the first store of both CPUs come last (2+2W)', () => {
    const half = (first: 'x' | 'y', then: 'x' | 'y'): Program<typeof xy> =>
      function* (cpu, w) {
        yield* cpu.store(w[first], 1)
        yield* cpu.store(w[then], 2)
      }
    const observe = (read: (word: Word) => number, { x, y }: Words) => [read(x), read(y)]
    expect(outcomes([half('x', 'y'), half('y', 'x')], { storeBuffer: 2 }, { observe })).toEqual([
      '0,0,1,2',
      '0,0,2,1',
      '0,0,2,2',
    ])
  })

  it('hands a load the newest of the own stores to its word, whatever has become visible', () => {
    const all = outcomes(
      [
        function* (cpu, { x }) {
          yield* cpu.store(x, 1)
          yield* cpu.store(x, 2)
          return yield* cpu.load(x)
        },
      ],
      { storeBuffer: 3 },
    )
    expect(all).toEqual(['2'])
  })

  it('holds a store back while the buffer is full', () => {
    const second: Line = (cpu, { z }) => cpu.store(z, 1)
    expect(sb(second, { storeBuffer: 1 })).not.toContain('0,0')
    expect(sb(second, { storeBuffer: 2 })).toContain('0,0')
  })

  it('holds a store to a page back as well, so that it does not end up in the buffer of another CPU', () => {
    const seen = experiment({
      machine: { storeBuffer: 1, contents: true, pages: [0, 1] },
      cpus: [
        function* (cpu) {
          yield* cpu.write(0, 2)
          yield* cpu.write(1, 3)
        },
        function* (cpu) {
          const second = yield* cpu.read(1)
          return [second.value, (yield* cpu.read(0)).value]
        },
      ],
    })
    expect(seen.deadlocks).toEqual([])
    expect(seen.reachable((_done, second, first) => second === 3 && first === 2)).toBe(true)
    expect(seen.reachable((_done, second, first) => second === 3 && first === 0)).toBe(false)
  })

  it('ends no execution before all stores are visible', () => {
    const observe = (read: (word: Word) => number, { x, y }: Words) => [read(x), read(y)]
    const program: Program<typeof xy> = function* (cpu, { x, y }) {
      yield* cpu.store(x, 2)
      yield* cpu.store(y, 2)
    }
    expect(outcomes([program], { storeBuffer: 4 }, { observe })).toEqual(['0,2,2'])
  })
})

describe('what waits for the store buffer', () => {
  const waiting: Record<string, Line> = {
    mfence: (cpu) => cpu.mfence(),
    xchg: (cpu, { z }) => cpu.xchg(z, 1),
    'a cmpxchg that fails': (cpu, { z }) => cpu.cmpxchg(z, 2, 1),
    'lock or': (cpu, { z }) => cpu.fetchOr(z, 1),
    'lock and': (cpu, { z }) => cpu.fetchAnd(z, 1),
    'lock add': (cpu, { z }) => cpu.fetchAdd(z, 1),
    lock: (_cpu, { z }, kernel) => kernel.lock(z),
    INVLPG: (cpu) => cpu.invlpg(1),
    'MOV CR3': (cpu) => cpu.loadCr3(0),
    'clearing an entry': () => perform(CLEAR_ENTRY, T0, PTE),
    'revoking rights in an entry': () => perform(REVOKE_ENTRY, T0, PTE, RW),
    'taking a reference': () => perform(TRY_GET, PAGE0),
    'dropping a reference': () => perform(PUT, PAGE0),
    call_rcu: (_cpu, _words, kernel) => kernel.rcuFree(T0),
    synchronize_rcu: (_cpu, _words, kernel) => kernel.synchronizeRcu(),
    'an IPI': (_cpu, _words, kernel) => kernel.sendIpi(0, 'call-function'),
  }
  it.each(Object.entries(waiting))('%s', (_, between) => {
    expect(sb(between)).not.toContain('0,0')
    expect(sb(between).length).toBeGreaterThan(0)
  })

  const passing: Record<string, Line> = {
    nothing,
    'a load': (cpu, { z }) => cpu.load(z),
    'a spin loop': (cpu, { z }) => cpu.until(z, 0),
    cli: (cpu) => cpu.cli(),
    sti: (cpu) => cpu.sti(),
    'a store': (cpu, { z }) => cpu.store(z, 1),
    'storing an entry': () => perform(SET_ENTRY, T0, PTE, mapped),
    'reading an entry': () => perform(READ_ENTRY, T0, PTE),
    'waiting for an own store': function* (cpu, { z }) {
      yield* cpu.store(z, 1)
      yield* cpu.until(z, 1)
    },
    'an access': (cpu) => cpu.read(0),
    'an access that sets D': (cpu) => cpu.write(0),
    rcu_read_lock: (_cpu, _words, kernel) => kernel.rcuReadLock(),
  }
  it.each(Object.entries(passing))('not %s', (_, between) => {
    expect(sb(between)).toContain('0,0')
  })

  it('not unlocking: on x86 it is a plain store', () => {
    const { reachable } = experiment({
      machine: { storeBuffer: 3 },
      words: { x: variable(), y: variable(), z: variable() },
      cpus: [
        function* (cpu, { x, y, z }, kernel) {
          yield* kernel.lock(z)
          yield* cpu.store(x, 1)
          yield* kernel.unlock(z)
          return yield* cpu.load(y)
        },
        function* (cpu, { x, y }) {
          yield* cpu.store(y, 1)
          yield* cpu.mfence()
          return yield* cpu.load(x)
        },
      ],
    })
    expect(reachable((a, b) => a + b === 0)).toBe(true)
  })

  it('an IPI does not where it is sent through the x2APIC', () => {
    const bell = (x2apic: boolean, before: Line): number[] => {
      const { outcomes: all } = experiment({
        machine: { storeBuffer: 2, x2apic },
        words: { ...xy, seen: variable({ max: 3 }) },
        cpus: [
          function* (cpu, w, kernel) {
            yield* cpu.store(w.x, 1)
            yield* before(cpu, w, kernel)
            yield* kernel.sendIpi(1, 'bell')
          },
          function* () {},
        ],
        interrupts: {
          *bell(cpu, { x, seen }) {
            yield* cpu.store(seen, 1 + (yield* cpu.load(x)))
          },
        },
        observe: (read, { seen }) => [read(seen)],
      })
      return all.map((outcome) => outcome[2])
    }
    expect(bell(false, nothing)).toEqual([2])
    expect(bell(true, nothing)).toEqual([1, 2])
    expect(bell(true, (cpu) => cpu.mfence())).toEqual([2])
  })
})

describe('software', () => {
  const seen = (op: Op, table: number, at: number, value = 0): number[] => {
    const { outcomes: all } = experiment({
      machine: { storeBuffer: 1, pages: [0, 1] },
      cpus: [
        function* () {
          yield* perform(SET_ENTRY, at === PMD ? 1 : T0, at, 0)
          return yield* perform(op, table, at === PMD ? PTE : at, value)
        },
      ],
    })
    return all.flat()
  }
  const PMD = place(2, 0)

  it.each([
    ['reads', READ_ENTRY, T0, PTE, 0],
    ['peeks at', PEEK_ENTRY, T0, PTE, 0],
    ['re-checks', SAME_ENTRY, T0, PTE, 1],
    ['follows', FIND_TABLE, 0, PMD, 0],
    ['counts', IS_FULL, T0, PTE, 0],
  ] as const)('%s the entry that its own CPU has just stored', (_, op, table, at, result) => {
    expect(seen(op, table, at)).toEqual([result])
  })

  it('waits for a word that its own CPU has filled', () => {
    const { outcomes: all, deadlocks } = experiment({
      machine: { storeBuffer: 1 },
      words: xy,
      cpus: [
        function* (cpu, { x }) {
          yield* cpu.store(x, 1)
          yield* perform(WAIT_FREE, x.at)
        },
      ],
    })
    expect([all, deadlocks]).toEqual([[], ['deadlock; CPU0: wait until x is free']])
  })

  it('has stored what the setup stored before the programs begin', () => {
    const observe = (read: (word: Word) => number, { x, y, z }: Words) => [read(x), read(y), read(z)]
    const all = outcomes(
      [function* () {}],
      { storeBuffer: 1 },
      {
        *setup(cpu, { x, y, z }) {
          yield* cpu.store(x, 1)
          yield* cpu.xchg(y, 1)
          yield* cpu.store(z, 1)
        },
        observe,
      },
    )
    expect(all).toEqual(['0,1,1,1'])
  })
})

describe('locks', () => {
  it.each([1, 2])('keep what they guard together with buffers of depth %i', (storeBuffer) => {
    const program: Program<typeof xy> = function* (cpu, { x, z }, kernel) {
      yield* kernel.lock(z)
      yield* cpu.store(x, (yield* cpu.load(x)) + 1)
      yield* kernel.unlock(z)
    }
    const observe = (read: (word: Word) => number, { x }: Words) => [read(x)]
    expect(outcomes([program, program], { storeBuffer }, { observe })).toEqual(['0,0,2'])
  })
})

describe('interrupts', () => {
  /** CPU1 rings; CPU0 does `before`, its handler `inside`, and then CPU0 itself looks at y. */
  const rung = (before: Line, inside: Line, storeBuffer: number) => {
    const { outcomes: all, deadlocks } = experiment({
      machine: { storeBuffer },
      words: { ...xy, done: variable({ max: 3 }) },
      cpus: [
        function* (cpu, w, kernel) {
          yield* before(cpu, w, kernel)
          yield* cpu.until(w.z, 1)
          return yield* cpu.load(w.y)
        },
        function* (cpu, { x, y }, kernel) {
          yield* kernel.sendIpi(0, 'bell')
          yield* cpu.store(y, 1)
          yield* cpu.mfence()
          return yield* cpu.load(x)
        },
      ],
      interrupts: { bell: inside as never },
      observe: (read, { done }) => [read(done)],
    })
    expect(deadlocks).toEqual([])
    return all.map((outcome) => outcome.join(','))
  }

  it.each([1, 2])('end with an IRET, which drains buffers of depth %i', (storeBuffer) => {
    const all = rung(
      nothing,
      function* (cpu, { x, z }) {
        yield* cpu.store(z, 1)
        yield* cpu.store(x, 1)
      },
      storeBuffer,
    )
    expect(all.toSorted()).toEqual(['0,1,0', '1,0,0', '1,1,0'])
  })

  it('are taken with stores still in the buffer', () => {
    const all = rung(
      function* (cpu, { x, z }) {
        yield* cpu.store(x, 1)
        yield* cpu.store(z, 1)
      },
      // Finds its own CPU's store to x before anybody else does, and y as it was.
      function* (cpu, w) {
        const seen = yield* cpu.load(w.x)
        yield* cpu.store((w as never as { done: Word }).done, seen * 2 + (yield* cpu.load(w.y)))
      },
      4,
    )
    expect(all).toContain('1,0,2')
  })
})

describe('page walks', () => {
  /** CPU0 stores an entry, touches the page and looks at y; CPU1 sets y and touches the page, once both are ordered. */
  const walked = (word: number, kind: 'read' | 'write', between: Line = nothing): string[] =>
    outcomes(
      [
        function* (cpu, w, kernel) {
          yield* perform(SET_ENTRY, T0, PTE, word)
          yield* between(cpu, w, kernel)
          const { fault: faulted } = yield* kind === 'read' ? cpu.read(0) : cpu.write(0)
          return (faulted ? 10 : 0) + (yield* cpu.load(w.y))
        },
        function* (cpu, { y }) {
          yield* cpu.store(y, 1)
          yield* cpu.mfence()
          return (yield* cpu.read(0)).fault ? 1 : 0
        },
      ],
      { storeBuffer: 2 },
      {
        *setup() {
          yield* perform(SET_ENTRY, T0, PTE, word === 0 ? mapped : 0)
        },
      },
    )

  it('see what their own CPU has stored, and other CPUs do not', () => {
    expect(walked(mapped, 'read')).toEqual(['0,0', '0,1', '1,0', '1,1'])
    expect(walked(0, 'read')).toEqual(['10,0', '10,1', '11,0', '11,1'])
    expect(walked(mapped, 'read', (cpu) => cpu.mfence())).not.toContain('0,1')
  })

  it('wait for memory to have the entry where they have to set A or D in it', () => {
    expect(walked(mapped & ~A, 'read')).not.toContain('0,1')
    expect(walked(mapped & ~D, 'write')).not.toContain('0,1')
    expect(walked(mapped & ~D, 'read')).toContain('0,1')
    expect(walked(mapped, 'write')).toContain('0,1')
  })

  it.each([A, D, A | D])('set flags %i in memory, not in the buffer', (flags) => {
    const { outcomes: all } = experiment({
      machine: { storeBuffer: 2 },
      cpus: [
        function* (cpu) {
          yield* perform(SET_ENTRY, T0, PTE, mapped & ~flags)
          yield* cpu.write(0)
          return yield* perform(READ_ENTRY, T0, PTE)
        },
      ],
    })
    expect(all).toEqual([[mapped]])
  })

  it('never show another CPU an entry that memory does not have', () => {
    const all = outcomes(
      [
        function* () {
          yield* perform(SET_ENTRY, T0, PTE, mapped)
        },
        function* (cpu) {
          const { fault: faulted } = yield* cpu.read(0)
          return (faulted ? 10 : 0) + ((yield* perform(READ_ENTRY, T0, PTE)) === 0 ? 0 : 1)
        },
      ],
      { storeBuffer: 2, speculation: 1 },
      {
        *setup() {
          yield* perform(SET_ENTRY, T0, PTE, 0)
        },
      },
    )
    expect(all.toSorted()).toEqual(['0,1', '0,10', '0,11'])
  })

  const storing =
    (word: number): Driven =>
    () =>
      perform(SET_ENTRY, T0, PTE, word)
  const idle: Driven = function* (cpu) {
    yield* cpu.sti()
  }

  it.each([
    { walker: 0, caches: false },
    { walker: 1, caches: true },
  ])('by speculation on CPU$walker cache what CPU0 is about to unmap: $caches', ({ walker, caches }) => {
    const d = programs([storing(0), idle], { machine: { storeBuffer: 1, speculation: 1 } })
    d.go('cpu0', `speculate cpu${walker} page 0`, `walker cpu${walker}`)
    expect((d.tlb(walker, 0) & VALID) !== 0).toBe(caches)
  })

  it('by speculation wait as well where A is to be set', () => {
    const d = programs([storing(mapped & ~A), idle], { machine: { storeBuffer: 1, speculation: 1 } })
    d.go('cpu0', 'speculate cpu0 page 0')
    expect(d.can('walker cpu0')).toBe(false)
    expect(d.go('drain cpu0').can('walker cpu0')).toBe(true)
  })

  it('wait at once where they begin at a cached level', () => {
    const code: Driven = function* (cpu) {
      yield* cpu.access(1, 'read')
      yield* perform(SET_ENTRY, T0, PTE, mapped & ~A)
      yield* cpu.access(0, 'read')
    }
    const d = programs([code], { machine: { storeBuffer: 1, pages: [0, 1] } })
    d.until(0, 'set entry').go('cpu0')
    expect(d.can('cpu0')).toBe(false)
    expect(d.entry(1, 0)).not.toBe(mapped)
    d.go('drain cpu0').finish(0)
    expect(d.entry(1, 0)).toBe(mapped)
  })
})

describe('the host', () => {
  const store: Driven = (cpu) => cpu.store(cpu.kernel.lazy[0], 1)

  it('makes all stores of a vCPU visible when it preempts it', () => {
    const busy: Driven = function* (cpu) {
      yield* store(cpu)
      yield* cpu.sti()
    }
    const d = programs([busy], { machine: { storeBuffer: 2, preemptions: 1 } })
    expect(d.go('cpu0').words('is_lazy')).toEqual([0])
    expect(d.go('preempt cpu0').words('is_lazy')).toEqual([1])
    expect(d.can('drain cpu0')).toBe(false)
  })

  it('lets an interrupt handler end after it made its stores visible', () => {
    const ring: Driven = (cpu) => cpu.syncByIpi([1])
    const d = programs([ring, store], { machine: { storeBuffer: 2, preemptions: 1 } })
    d.go('cpu0', 'drain cpu0', 'cpu0', 'interrupt cpu1 call-function', 'cpu1', 'cpu1')
    expect(d.can('cpu1')).toBe(false)
    d.go('preempt cpu1', 'schedule cpu1 on pcpu1', 'cpu1')
    expect(d.S[d.m.interruptFlag + 1]).toBe(1)
  })

  it.each(['flush', 'kick'])('makes them visible before a %s of that vCPU is over', (name) => {
    const call: Driven = function* (cpu) {
      yield* cpu.hypercall(name, 0, [0])
      return yield* cpu.load(cpu.kernel.lazy[0])
    }
    const d = programs([store, call], { machine: { storeBuffer: 2 }, policy: calling })
    d.go('cpu0')
    for (let left = 20; d.world.nextNode(1) >= 0 && left > 0; left--)
      d.go(d.can('cpu1') ? 'cpu1' : 'exit cpu0')
    expect(d.seen.findLast(({ op }) => op === 'load')?.result).toBe(1)
  })

  it.each(['flush', 'flag', 'kick'])('makes its own stores visible before it asks for a %s', (name) => {
    const policy = definePolicy({
      name: 'host-asks',
      summary: 'Asks for something between a store and a load',
      shared: { x: variable(), y: variable() },
      *flush() {},
      hypercalls: {
        *ask(host) {
          yield* host.store(host.shared.x.of(), 1)
          if (name === 'flush') yield* host.flushVcpu(1)
          else if (name === 'flag') yield* host.flushAtEntry(1)
          else yield* host.kick(1)
          const seen = yield* host.load(host.shared.y.of())
          // VM entry would drain in the same step.
          yield* host.isRunning(1)
          return seen
        },
      },
    })
    const { outcomes: all } = experiment({
      machine: { storeBuffer: 1 },
      policy,
      words: policy.shared as typeof xy,
      cpus: [
        (_cpu, _words, kernel) => kernel.hypercall('ask', 0, []),
        function* (cpu, { x, y }) {
          yield* cpu.store(y, 1)
          yield* cpu.mfence()
          return yield* cpu.load(x)
        },
      ],
    })
    expect(all.map((outcome) => outcome.join(','))).not.toContain('0,0')
  })

  it('leaves nothing in the buffer of a vCPU that it is done with', () => {
    const policy = definePolicy({
      name: 'noting',
      summary: 'Notes VM exits',
      shared: { left: perCpu() },
      *flush() {},
      *onVcpuExit(host) {
        yield* host.store(host.shared.left.of(host.vcpu), 1)
      },
    })
    const d = programs([(cpu) => cpu.sti()], { machine: { storeBuffer: 1, preemptions: 1 }, policy })
    expect(d.go('preempt cpu0', 'cpu0').words('left')).toEqual([1])
  })

  it('gives no other vCPU the turn of one that only waits for its own stores', () => {
    const fencing: Driven = function* (cpu) {
      yield* cpu.store(cpu.kernel.lazy[0], 1)
      yield* cpu.mfence()
    }
    const d = programs([fencing, store], { machine: { storeBuffer: 1, pcpus: 1 } })
    expect(d.go('cpu0').names()).toEqual(['drain cpu0'])
    expect(d.go('drain cpu0', 'cpu0').names()).toEqual(['deschedule cpu0'])
  })

  it('finds no store of the guest in the buffer when a hypercall begins, and leaves none at its end', () => {
    const call: Line = (_cpu, _words, kernel) => kernel.hypercall('nothing', 0, [])
    const guest: Program<typeof xy> = function* (cpu, w, kernel) {
      yield* cpu.store(w.x, 1)
      yield* call(cpu, w, kernel)
      return yield* cpu.load(w.y)
    }
    const other: Program<typeof xy> = function* (cpu, { x, y }) {
      yield* cpu.store(y, 1)
      yield* cpu.mfence()
      return yield* cpu.load(x)
    }
    expect(outcomes([guest, other], { storeBuffer: 2 }, { policy: calling })).not.toContain('0,0')
    const d = programs([(cpu) => cpu.hypercall('slow', 0, [])], {
      machine: { storeBuffer: 2 },
      policy: calling,
    })
    d.finish(0)
    expect(d.words('seen')).toEqual([1])
    expect(d.names()).toEqual([])
  })
})

describe('RCU', () => {
  it('ends no grace period before the stores of the readers that it waited for are visible', () => {
    const all = outcomes(
      [
        function* (cpu, { x, y }, kernel) {
          yield* kernel.rcuReadLock()
          yield* cpu.store(y, 1)
          yield* cpu.store(x, 1)
          yield* kernel.rcuReadUnlock()
        },
        function* (cpu, { x, y }, kernel) {
          yield* cpu.until(y, 1)
          yield* kernel.synchronizeRcu()
          return yield* cpu.load(x)
        },
      ],
      { storeBuffer: 2 },
    )
    expect(all).toEqual(['0,1'])
  })
})

it('an entry that reaches a table after it was given away is an access to that table', () => {
  const set: Driven = () => perform(SET_ENTRY, T0, PTE, mapped)
  const free: Driven = (cpu) => cpu.freeTableNow(T0)
  const d = programs([set, free], { machine: { storeBuffer: 1 } })
  expect(d.go('cpu0', 'cpu1').violation).toBeUndefined()
  expect(d.go('drain cpu0').violation).toBe('software-walk')
})

describe('a world with store buffers', () => {
  it('names drains and tells them', () => {
    const set: Driven = function* (cpu) {
      yield* cpu.store(cpu.kernel.lazy[0], 1)
      yield* perform(SET_ENTRY, T0, PTE, mapped)
    }
    const { world } = programs([set], { machine: { storeBuffer: 2 } })
    const taken: number[] = []
    const out = new Int32Array(512)
    for (let count = world.enabled(out); count > 0; count = world.enabled(out)) {
      taken.push(out[count - 1])
      world.apply(out[count - 1])
    }
    const rows = tellStory(world, taken)
    expect(rows.map(({ name, main }) => `${name}: ${main.text}`)).toEqual([
      'cpu0: is_lazy = 1',
      'drain cpu0: visible: is_lazy = 1',
      'cpu0: PTE[0] in T0 = P0 W A D',
      'drain cpu0: visible: PTE[0] in T0 = P0 W A D',
    ])
    // One CPU, its walker, the host and RCU come before the actor that drains.
    expect(taken.map((t) => world.actor(t))).toEqual([0, 4, 0, 4])
    expect(world.actors).toBe(5)
  })

  it('is asked for in the bounds, which say nothing of store buffers where there are none', () => {
    expect(tellBounds(makeBounds({ storeBuffer: 2, x2apic: true }))).toContain(
      'store buffers of depth 2, x2APIC',
    )
    expect(makeBounds({ storeBuffer: 0, x2apic: false })).toEqual(makeBounds())
    expect(Object.keys(makeBounds())).not.toContain('storeBuffer')
    expect(() => makeBounds({ storeBuffer: 9 })).toThrow('bounds.storeBuffer is 9')
  })

  const safe = policies.filter(({ expected }) => expected === 'safe')
  it.each(some(safe, 2).map((policy) => [policy.name, policy] as const))('keeps %s safe', (_, policy) => {
    const bounds = makeBounds({ storeBuffer: 2, speculation: 0, x2apic: true })
    const { verdict, witnesses } = verify({ policy, bounds, operations: 2 })
    expect(verdict).toBe('safe')
    expect(witnesses).toContain('stale-at-flush')
  })
})
