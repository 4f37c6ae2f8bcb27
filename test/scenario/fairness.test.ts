/** What is owed in a world: each rule has a policy that is live by it, and would not be without. */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import { lockWord, spinLock, spinUnlock } from '../../src/guest/spinlock.ts'
import { findLivelock } from '../../src/liveness/livelock.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy, nativeIpi } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { WorldFairness } from '../../src/scenario/fairness.ts'
import type { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from '../explore/quiet.ts'

/** A policy whose CPU0 does `first` and whose CPU1 does `second`; the handler of its IPI raises the flag. */
function world(
  first: (cpu: AnyCpu) => Code,
  second: (cpu: AnyCpu) => Code,
  bounds: Partial<Bounds> = {},
): World {
  const policy = definePolicy({
    name: 'fair',
    summary: 'Two operations of its own',
    shared: { flag: variable(), lock: lockWord() },
    operations: {
      first: { summary: 'the first', subject: 'none', run: first },
      second: { summary: 'the second', subject: 'none', run: second },
    },
    *flush(cpu, request) {
      yield* nativeIpi.flush(cpu, request, 0)
    },
    interrupts: {
      *raise(cpu) {
        yield* cpu.store(cpu.shared.flag.of(), 1)
      },
    },
  })
  const worlds = new Worlds(policy, quiet({ preemptions: 0, groups: [[0]], ...bounds }))
  return worlds.at([[{ op: 'first' }], [{ op: 'second' }]])
}

const flag = (cpu: AnyCpu, value: number): Code => cpu.store(cpu.shared.flag.of(), value)
const nothing = function* (): Code {}

/** Does something again and again until the flag is raised. */
const untilRaised = (body: (cpu: AnyCpu) => Code) =>
  function* (cpu: AnyCpu): Code {
    do {
      yield* cpu.checkpoint('again')
      yield* body(cpu)
    } while ((yield* cpu.load(cpu.shared.flag.of())) === 0)
  }
const spin = untilRaised(nothing)

/** Takes and releases the lock; two steps in between, for the first is joined to its beginning and the second to its end. */
const hog = untilRaised(function* (cpu) {
  yield* spinLock(cpu, cpu.shared.lock.of())
  yield* cpu.load(cpu.shared.flag.of())
  yield* cpu.load(cpu.shared.flag.of())
  yield* spinUnlock(cpu, cpu.shared.lock.of())
})

/** The same world with a rule of fairness less. */
function without(broken: World, rule: Partial<WorldFairness>): World {
  const { fairness } = broken
  Object.defineProperty(broken, 'fairness', {
    value: {
      duty: (t: number) => fairness.duty(t),
      isStrong: (duty: number) => fairness.isStrong(duty),
      addOwed: (owed: number[]) => fairness.addOwed(owed),
      advances: () => fairness.advances(),
      livelock: () => fairness.livelock(),
      ...rule,
    },
  })
  return broken
}

const verdictOf = (made: World): string => findLivelock(made).verdict
const nobodyStrong = { isStrong: () => false }

describe('a step of code', () => {
  it('is owed: who spins waits for a CPU that can go on', () => {
    expect(verdictOf(world(spin, (cpu) => flag(cpu, 1)))).toBe('live')
    expect(verdictOf(world(spin, nothing))).toBe('livelock')
  })

  it('is owed weakly: a wait may miss what comes and goes', () => {
    const watch = function* (cpu: AnyCpu): Code {
      yield* cpu.until(cpu.shared.lock.of(), 1)
      yield* flag(cpu, 1)
    }
    expect(verdictOf(world(hog, watch))).toBe('livelock')
    expect(verdictOf(without(world(hog, watch), { isStrong: () => true }))).toBe('live')
  })
})

describe('a lock', () => {
  const other = function* (cpu: AnyCpu): Code {
    yield* spinLock(cpu, cpu.shared.lock.of())
    yield* flag(cpu, 1)
    yield* spinUnlock(cpu, cpu.shared.lock.of())
  }

  it('is handed on in turn', () => {
    expect(verdictOf(world(hog, other))).toBe('live')
    expect(verdictOf(without(world(hog, other), nobodyStrong))).toBe('livelock')
  })
})

describe('an interrupt', () => {
  const send = (cpu: AnyCpu): Code => cpu.sendIpi(0, 'raise')
  /** IF=1 between two instructions of each turn alone. */
  const window = untilRaised(function* (cpu) {
    yield* cpu.sti()
    yield* cpu.load(cpu.shared.flag.of())
    yield* cpu.cli()
  })

  it('is taken by who spins with interrupts on', () => {
    expect(verdictOf(world(spin, send))).toBe('live')
  })

  it('is taken by who has them on for a moment in each turn', () => {
    expect(verdictOf(world(window, send))).toBe('live')
    expect(verdictOf(without(world(window, send), nobodyStrong))).toBe('livelock')
  })

  it('is not taken by who has them off', () => {
    const deaf = function* (cpu: AnyCpu): Code {
      yield* cpu.cli()
      yield* spin(cpu)
    }
    expect(verdictOf(world(deaf, send))).toBe('livelock')
  })

  it('is not taken where each STI is followed by CLI and holds interrupts off for that instruction', () => {
    const shadow = untilRaised(function* (cpu) {
      yield* cpu.sti()
      yield* cpu.cli()
    })
    expect(verdictOf(world(shadow, send))).toBe('live')
    expect(verdictOf(world(shadow, send, { interruptShadow: true }))).toBe('livelock')
  })
})

describe('a host', () => {
  it('gives back the pCPU that it took', () => {
    expect(verdictOf(world(spin, (cpu) => flag(cpu, 1), { preemptions: 2 }))).toBe('live')
  })

  it('gives each vCPU its time where there are too few pCPUs', () => {
    const shared = (): World => world(spin, (cpu) => flag(cpu, 1), { pcpus: 1 })
    expect(verdictOf(shared())).toBe('live')
    expect(verdictOf(without(shared(), { addOwed: () => {} }))).toBe('livelock')
  })

  it('gives it no time to no avail', () => {
    expect(verdictOf(world(spin, nothing, { pcpus: 1 }))).toBe('livelock')
  })
})

describe('a store', () => {
  it('leaves the store buffer', () => {
    const raise = function* (cpu: AnyCpu): Code {
      yield* flag(cpu, 1)
    }
    expect(verdictOf(world(spin, raise, { storeBuffer: 1 }))).toBe('live')
  })
})

describe('the environment', () => {
  /** Goes on if a translation outlives its entry, which it does unless it is lost in just that moment. */
  const gamble = function* (cpu: AnyCpu): Code {
    const mm = cpu.mm(0)
    for (let again = true; again;) {
      yield* cpu.checkpoint('again')
      yield* cpu.access(0, 'read')
      yield* mm.clearFlags(1, 0, P)
      again = yield* cpu.access(0, 'read')
      yield* mm.setEntry(1, 0, entry(cpu.x86.frame(0), P | RW | US))
    }
  }

  it('does not do the same for ever: who loses a translation in each turn is no livelock', () => {
    const made = world(gamble, nothing, { eviction: true })
    expect(verdictOf(made)).toBe('live')
  })
})
