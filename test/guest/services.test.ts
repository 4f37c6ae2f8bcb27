/** Locks, RCU callbacks, references, the page allocator and the reverse map: what each promises, and what goes wrong without. */
import { describe, expect, it } from 'vitest'
import { perform, type Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { makeRequest } from '../../src/guest/request.ts'
import { rcuHead, rcuHeads } from '../../src/guest/rcu-head.ts'
import { firstMappings, rmapWalk } from '../../src/guest/rmap.ts'
import {
  localIrqRestore,
  localIrqSave,
  lockWord,
  lockWords,
  mutexLock,
  mutexUnlock,
  spinLock,
  spinLockIrqsave,
  spinTrylock,
  spinUnlock,
  spinUnlockIrqrestore,
} from '../../src/guest/spinlock.ts'
import { machineConfig } from '../../src/machine/config.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { tellTransition } from '../../src/report/story.ts'
import { makeBounds } from '../../src/scenario/bounds.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { variable, type Word } from '../../src/machine/word.ts'

const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()

describe('a spinlock', () => {
  function* add(cpu: Cpu, lock: Word, count: Word): Code {
    yield* spinLock(cpu, lock)
    yield* cpu.store(count, (yield* cpu.load(count)) + 1)
    yield* spinUnlock(cpu, lock)
  }

  it('keeps two CPUs from losing an update, which they do without it', () => {
    const counting = (locked: boolean): Experiment =>
      experiment({
        words: { lock: lockWord(), count: variable({ max: 3 }) },
        cpus: [0, 1].map(
          () =>
            function* (_cpu: unknown, { lock, count }: { lock: Word; count: Word }, kernel: Cpu): Code {
              if (locked) return yield* add(kernel, lock, count)
              yield* kernel.store(count, (yield* kernel.load(count)) + 1)
            },
        ),
        observe: (read, { count }) => [read(count)],
      })
    expect(counting(true).outcomes).toEqual([[0, 0, 2]])
    expect(counting(false).reachable((_a, _b, count) => count === 1)).toBe(true)
  })

  it('that a handler takes deadlocks with its own CPU, unless interrupts are off meanwhile', () => {
    const handled = (irqsave: boolean): Experiment =>
      experiment({
        words: { lock: lockWord() },
        interrupts: {
          *poke(_cpu, { lock }, kernel) {
            yield* spinLock(kernel, lock)
            yield* spinUnlock(kernel, lock)
          },
        },
        cpus: [
          function* (_cpu, { lock }, kernel) {
            if (irqsave) {
              const flags = yield* spinLockIrqsave(kernel, lock)
              yield* spinUnlockIrqrestore(kernel, lock, flags)
              return
            }
            yield* spinLock(kernel, lock)
            yield* kernel.x86.choose(2)
            yield* spinUnlock(kernel, lock)
          },
          function* (_cpu, _words, kernel) {
            yield* kernel.sendIpi(0, 'poke')
          },
        ],
      })
    expect(handled(true).deadlocks).toEqual([])
    expect(handled(false).deadlocks).toEqual(['deadlock; CPU0 with interrupts off: lock lock'])
  })

  it('taken with interrupts on lets them in while it spins, and with irqsave does not', () => {
    const waiting = (irqsave: boolean): Experiment =>
      experiment({
        words: { locks: lockWords(), seen: variable() },
        interrupts: {
          *poke(cpu, { seen }) {
            yield* cpu.store(seen, 1)
          },
        },
        setup: [
          function* () {},
          function* (_cpu, { locks }, kernel) {
            yield* spinLock(kernel, locks[0])
          },
        ],
        cpus: [
          function* (_cpu, { locks }, kernel) {
            const flags = irqsave ? yield* spinLockIrqsave(kernel, locks[0]) : 0
            if (!irqsave) yield* spinLock(kernel, locks[0])
            yield* irqsave ? spinUnlockIrqrestore(kernel, locks[0], flags) : spinUnlock(kernel, locks[0])
          },
          function* (cpu, { locks, seen }, kernel) {
            yield* kernel.sendIpi(0, 'poke')
            yield* cpu.until(seen, 1)
            yield* spinUnlock(kernel, locks[0])
          },
        ],
      })
    expect(waiting(false).deadlocks).toEqual([])
    // Whoever is still running with interrupts on takes it; whoever spins with interrupts off never does.
    expect(waiting(true).deadlocks.length).toBeGreaterThan(0)
  })

  it('restores IF to what it was: off stays off', () => {
    const { outcomes } = experiment({
      words: { lock: lockWord() },
      cpus: [
        function* (cpu, { lock }, kernel) {
          const first = yield* localIrqSave(kernel)
          const second = yield* spinLockIrqsave(kernel, lock)
          yield* spinUnlockIrqrestore(kernel, lock, second)
          const third = yield* localIrqSave(kernel)
          yield* localIrqRestore(kernel, first)
          const last = yield* localIrqSave(kernel)
          yield* cpu.sti()
          return first * 8 + second * 4 + third * 2 + last
        },
      ],
    })
    expect(outcomes).toEqual([[0b1001]])
  })

  it('can be tried', () => {
    const { outcomes } = experiment({
      words: { lock: lockWord() },
      cpus: [0, 1].map(
        () =>
          function* (_cpu: unknown, { lock }: { lock: Word }, kernel: Cpu): Code<number> {
            return (yield* spinTrylock(kernel, lock)) ? 1 : 0
          },
      ),
      observe: (read, { lock }) => [read(lock)],
    })
    expect(outcomes).toEqual([
      [0, 1, 2],
      [1, 0, 1],
    ])
  })

  it('needs a word that can hold the number of its owner', () => {
    const small = () =>
      experiment({
        words: { lock: variable() },
        cpus: [
          function* () {},
          function* (_cpu, { lock }, kernel) {
            yield* spinLock(kernel, lock)
          },
        ],
      })
    expect(small).toThrow('"lock" was set to 2; it was declared to hold 0 to 1.')
  })
})

describe('whoever may sleep', () => {
  const inside = (section: 'irqs' | 'rcu' | 'none', sleep: (kernel: Cpu, lock: Word) => Code): string[] =>
    names(
      experiment({
        words: { lock: lockWord() },
        cpus: [
          function* (_cpu, { lock }, kernel) {
            if (section === 'irqs') yield* kernel.cli()
            if (section === 'rcu') yield* kernel.rcuReadLock()
            yield* sleep(kernel, lock)
            if (section === 'irqs') yield* kernel.sti()
            if (section === 'rcu') yield* kernel.rcuReadUnlock()
          },
        ],
      }),
    )
  function* mutex(kernel: Cpu, lock: Word): Code {
    yield* mutexLock(kernel, lock)
    yield* mutexUnlock(kernel, lock)
  }

  it.each([
    ['a mutex', mutex],
    ['synchronize_rcu', (kernel: Cpu) => kernel.synchronizeRcu()],
  ])('is told off in atomic context, and nowhere else: %s', (_what, sleep) => {
    expect(inside('none', sleep)).toEqual([])
    expect(inside('irqs', sleep)).toEqual(['atomic-context'])
    expect(inside('rcu', sleep)).toEqual(['atomic-context'])
  })

  it('may spin there', () => {
    function* spin(kernel: Cpu, lock: Word): Code {
      yield* spinLock(kernel, lock)
      yield* spinUnlock(kernel, lock)
    }
    expect(inside('irqs', spin)).toEqual([])
  })
})

describe('call_rcu', () => {
  /** A reader looks a page up and uses it under rcu_read_lock; CPU0 takes it away and frees it. */
  const freeing = (how: 'at once' | 'deferred'): Experiment =>
    experiment({
      words: { head: rcuHead(), published: variable({ initial: 1 }) },
      machine: { vcpus: 2 },
      cpus: [
        function* (cpu, { head, published }, kernel) {
          yield* cpu.store(published, 0)
          if (how === 'at once') yield* kernel.put(cpu.frame(0))
          else yield* kernel.callRcu(head, { put: cpu.frame(0) })
        },
        function* (cpu, { published }, kernel) {
          yield* kernel.rcuReadLock()
          const seen = yield* cpu.load(published)
          const taken = seen === 1 && (yield* kernel.tryGet(cpu.frame(0)))
          yield* kernel.rcuReadUnlock()
          return seen * 2 + (taken ? 1 : 0)
        },
      ],
    })

  it('of a page keeps it until every reader of the moment is gone', () => {
    expect(freeing('deferred').outcomes.map(([, seen]) => seen)).toEqual([0, 3])
  })

  it('is what readers need: without it they find the page gone', () => {
    expect(freeing('at once').outcomes.map(([, seen]) => seen)).toEqual([0, 2, 3])
  })

  it('runs a callback of the policy on its own CPU, and never while a reader of its beginning is inside', () => {
    const { outcomes, deadlocks } = experiment({
      words: { head: rcuHead(), go: variable(), left: variable(), done: variable({ max: 2 }) },
      interrupts: {
        *reap(cpu, { left, done }) {
          yield* cpu.store(done, 1 + cpu.id + (yield* cpu.load(left)))
        },
      },
      cpus: [
        function* (cpu, { head, go, done }, kernel) {
          yield* cpu.until(go, 1)
          yield* kernel.callRcu(head, { raise: 'reap' })
          yield* cpu.until(done, 2)
        },
        function* (cpu, { go, left }, kernel) {
          yield* kernel.rcuReadLock()
          yield* cpu.store(go, 1)
          yield* cpu.store(left, 1)
          yield* kernel.rcuReadUnlock()
        },
      ],
    })
    // It can be queued after the reader has left, so "left" is 1 in every execution.
    expect({ outcomes, deadlocks }).toEqual({ outcomes: [[0, 0]], deadlocks: [] })
  })

  it('is told by the name of its head, in a policy as in an experiment', () => {
    const policy = definePolicy({
      name: 'reaper',
      summary: 'Reaps behind a grace period.',
      shared: { heads: rcuHeads(), reaped: variable() },
      *flush() {},
      interrupts: {
        *reap(cpu) {
          yield* cpu.store(cpu.shared.reaped.of(), 1)
        },
      },
      operations: {
        retire: {
          summary: 'puts off work',
          *run(cpu) {
            yield* cpu.callRcu(cpu.shared.heads.of(cpu.id), { raise: 'reap' })
          },
        },
      },
    })
    const world = new Worlds(policy, makeBounds({ vcpus: 2, preemptions: 0, speculation: 0 })).at([
      [],
      [{ op: 'retire' }],
    ])
    const told: string[] = []
    const enabled = new Int32Array(64)
    while (world.enabled(enabled) > 0) {
      const { name, main } = tellTransition(world, enabled[0])
      told.push(`${name}: ${main.text}`)
    }
    expect(told).toEqual([
      'cpu1: call_rcu heads[1]: run reap later',
      'rcu heads[1]: grace period over: callback of heads[1]',
      'interrupt cpu1 reap: interrupt: reap',
      'cpu1: reaped = 1',
    ])
  })

  it('with a head that still waits is a double free', () => {
    const found = experiment({
      words: { head: rcuHead() },
      cpus: [
        function* (cpu, { head }, kernel) {
          yield* kernel.cli()
          yield* kernel.callRcu(head, { put: cpu.frame(0) })
          yield* kernel.callRcu(head, { put: cpu.frame(0) })
          yield* kernel.sti()
        },
      ],
    })
    expect(names(found)).toContain('free-once')
  })

  it('wants a head that was declared as one, and a frame that is there', () => {
    const calling = (run: (cpu: Cpu, head: Word, plain: Word) => Code) => () =>
      experiment({
        words: { head: rcuHead(), plain: variable() },
        cpus: [(_cpu, { head, plain }, kernel) => run(kernel, head, plain)],
      })
    expect(calling((cpu, _head, plain) => cpu.callRcu(plain, { put: 1 }))).toThrow(
      'head of callRcu is "plain"; expected a variable that is declared with rcuHead().',
    )
    expect(calling((cpu, head) => cpu.callRcu(head, { put: 9 }))).toThrow(
      'frame of callRcu is 9; expected 1 to 3.',
    )
    expect(calling((cpu, head) => cpu.callRcu(head, { raise: 'nobody' }))).toThrow(
      'no interrupt named "nobody"',
    )
  })
})

describe('a reference', () => {
  it('is refused when the last one is gone, and keeps the page otherwise', () => {
    const { outcomes, violations } = experiment({
      cpus: [
        function* (cpu, _words, kernel) {
          yield* kernel.put(cpu.frame(0))
        },
        function* (cpu, _words, kernel) {
          const got = yield* kernel.tryGet(cpu.frame(0))
          if (got) yield* kernel.put(cpu.frame(0))
          return got ? 1 : 0
        },
      ],
    })
    expect(outcomes.map(([, got]) => got)).toEqual([0, 1])
    expect([...violations]).toEqual([])
  })

  it('of the mapping alone leaves a page unpinned', () => {
    const { outcomes } = experiment({
      cpus: [
        function* (cpu, _words, kernel) {
          const before = yield* kernel.isUnpinned(cpu.frame(0))
          yield* kernel.tryGet(cpu.frame(0))
          return (before ? 1 : 0) + ((yield* kernel.isUnpinned(cpu.frame(0))) ? 2 : 0)
        },
      ],
    })
    expect(outcomes).toEqual([[1]])
  })

  it('is counted to seven, and no further', () => {
    const many = () =>
      experiment({
        cpus: [
          function* (cpu, _words, kernel) {
            for (let i = 0; i < 7; i++) yield* kernel.tryGet(cpu.frame(0))
          },
        ],
      })
    expect(many).toThrow('"references of P0" was set to 8')
  })
})

describe('the page allocator', () => {
  it('makes tables of any frame only where levels and walks have room for that', () => {
    expect(() => machineConfig({ anyTable: true, racyDirty: true })).toThrow('machine.anyTable is true')
    expect(() =>
      machineConfig({ anyTable: true, spaces: 2, levels: 4, pages: [0, 2, 4, 6, 8, 10, 12] }),
    ).toThrow(/machine.anyTable is true; expected false with \d+ frames; it allows for 30/)
  })

  it('fails or hands out any frame that is free, as the explorer picks', () => {
    const allocating = (options: { mayFail?: boolean }): readonly number[] =>
      experiment({
        machine: { spare: 3 },
        cpus: [
          function* (cpu, _words, kernel) {
            yield* kernel.put(cpu.spare(0))
            yield* kernel.put(cpu.spare(2))
            return yield* kernel.allocate('data', options)
          },
        ],
      }).outcomes.map(([frame]) => frame)
    const [first, third] = [4, 6]
    expect(allocating({})).toEqual([0, first, third])
    expect(allocating({ mayFail: false })).toEqual([first, third])
  })

  it('has nothing to hand out where no frame is free', () => {
    const { outcomes } = experiment({
      cpus: [(_cpu, _words, kernel) => kernel.allocate('data', { mayFail: false })],
    })
    expect(outcomes).toEqual([[0]])
  })

  it('clears what it hands out, and counts one reference', () => {
    const { outcomes, violations } = experiment({
      machine: { contents: true },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.write(0, 5)
          const frame = cpu.frame(0)
          yield* perform(CLEAR_ENTRY, cpu.table(1, 0), place(1, 0))
          yield* kernel.invlpg(1)
          yield* kernel.put(frame)
          const again = yield* kernel.allocate('data', { mayFail: false })
          yield* cpu.setEntry(1, 0, entry(again, P | RW | US))
          const { value } = yield* cpu.read(0)
          return again === frame ? value : 99
        },
      ],
    })
    expect(outcomes).toEqual([[0]])
    expect([...violations]).toEqual([])
  })

  /** CPU0 unhooks the table of page 0, frees it, and somebody gets the frame for something else. */
  const tableReuse = (purpose: 'data' | 'table', flushes: boolean): Experiment =>
    experiment({
      machine: { pages: [0, 2], anyTable: true, speculation: 1 },
      cpus: [
        function* (cpu, _words, kernel) {
          const table = cpu.table(1, 0)
          yield* perform(CLEAR_ENTRY, cpu.table(2, 0), place(2, 0))
          if (flushes) {
            yield* kernel.invlpg(1)
            yield* kernel.callFunction([1], makeRequest(0, 1, { freedTables: true }, [1]))
          }
          yield* kernel.freeTableNow(table)
          const again = yield* kernel.allocate(purpose, { mayFail: false })
          if (purpose === 'table' && (yield* cpu.readEntry(1, 0, again)) !== 0) return 2
          return again === table ? 1 : 0
        },
        function* (cpu) {
          yield* cpu.read(0)
        },
      ],
    })

  it.each(['data', 'table'] as const)(
    'hands a freed table out as %s: a CPU that was not flushed walks it',
    (purpose) => {
      expect(names(tableReuse(purpose, true))).toEqual([])
      const found = tableReuse(purpose, false)
      expect(names(found)).toContain('hardware-walk')
      expect(found.outcomes.map(([again]) => again)).toEqual([1])
    },
  )

  it('hands a freed data page out as a table, through which pages can be mapped', () => {
    const { outcomes, violations } = experiment({
      machine: { pages: [0, 2], anyTable: true },
      cpus: [
        function* (cpu, _words, kernel) {
          const frame = cpu.frame(2)
          yield* cpu.setEntry(1, 2, 0)
          yield* kernel.put(frame)
          const table = yield* kernel.allocate('table')
          if (table === 0) return 0
          yield* cpu.setEntry(1, 2, entry(cpu.frame(0), P | RW | US), table)
          yield* cpu.setEntry(2, 2, entry(table, P | RW | US))
          const reached = yield* cpu.read(2)
          yield* kernel.rcuFree(table)
          return reached.frame === cpu.frame(0) && table === frame ? 1 : 2
        },
      ],
    })
    expect(outcomes).toEqual([[0], [1]])
    expect([...violations]).toEqual([])
  })

  it('makes no tables of frames that never were some, unless the machine has room for them', () => {
    const { outcomes } = experiment({
      machine: { spare: 1 },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* kernel.put(cpu.spare())
          return yield* kernel.allocate('table', { mayFail: false })
        },
      ],
    })
    expect(outcomes).toEqual([[0]])
  })
})

describe('the reverse map', () => {
  it('knows where a frame was mapped at the start, and where it is mapped now', () => {
    const { outcomes } = experiment({
      machine: { pages: [0, 1], spaces: 2 },
      cpus: [
        function* (cpu, _words, kernel) {
          const frame = cpu.frame(0)
          const before = yield* rmapWalk(kernel, frame)
          yield* cpu.setEntry(1, 1, entry(frame, P | RW | US))
          const both = yield* rmapWalk(kernel, frame)
          yield* cpu.setEntry(1, 0, 0)
          const after = yield* rmapWalk(kernel, frame)
          const other = yield* rmapWalk(kernel, frame, 1)
          expect(firstMappings(kernel, frame)).toEqual([{ space: 0, page: 0 }])
          return before.length * 1000 + both.length * 100 + (after[0] ?? 9) * 10 + other.length
        },
      ],
    })
    expect(outcomes).toEqual([[1210]])
  })
})
