/**
 * Small protocols with what is true of each: whether its fair runs come to an end, and if not how small a lasso shows it.
 * Each line of the definition of fairness has one on either side.
 */
import { checkpoint, type Code } from '../../src/engine/step.ts'
import { Protocol } from '../../src/protocol/index.ts'
import type { LivenessResult } from '../../src/liveness/livelock.ts'

export interface Entry {
  readonly name: string
  readonly make: () => Protocol
  readonly verdict: LivenessResult['verdict']
  /** Switches, steps of the stem, steps of the cycle. */
  readonly lasso?: readonly [number, number, number]
}

/** A loop around a body that says whether to go on. */
function* loop(body: () => Code<boolean>): Code {
  do yield* checkpoint('again')
  while (yield* body())
}

/** A protocol with a flag, and the steps that most of them need. */
function flags(name: string): {
  p: Protocol
  set: ReturnType<Protocol['step']>
  read: ReturnType<Protocol['step']>
  until: ReturnType<Protocol['step']>
  trylock: ReturnType<Protocol['step']>
  lock: ReturnType<Protocol['step']>
  fairLock: ReturnType<Protocol['step']>
} {
  const p = new Protocol(name)
  const flag = p.word('flag', 0, 3)
  const isFree = (S: Int32Array, i: number): boolean => S[flag + i] === 0
  const take = (S: Int32Array, i: number): void => void (S[flag + i] = 1)
  return {
    p,
    set: p.step('set', (S, i, value) => void (S[flag + i] = value)),
    read: p.step('read', (S, i) => S[flag + i], { results: 2 }),
    until: p.step('until', () => {}, { when: (S, i, value) => S[flag + i] === value }),
    trylock: p.step('trylock', (S, i) => (S[flag + i] === 0 ? ((S[flag + i] = 1), 1) : 0), { results: 2 }),
    lock: p.step('lock', take, { when: isFree }),
    fairLock: p.step('fair lock', take, { when: isFree, fair: true }),
  }
}

/** A thread that spins for a flag; another sets it, or does not. */
function spinning(isSet: boolean): Protocol {
  const { p, set, read } = flags('spinning')
  p.thread('spinner', () =>
    loop(function* () {
      return (yield* read(0)) === 0
    }),
  )
  p.thread('setter', function* () {
    yield* set(1, 1)
    if (isSet) yield* set(0, 1)
  })
  return p
}

/** One thread takes and releases a lock until it is told to stop; the other waits for the lock to tell it. */
function hogging(isFair: boolean): Protocol {
  const { p, set, read, lock, fairLock } = flags('hogging')
  p.thread('hog', () =>
    loop(function* () {
      yield* lock(0)
      yield* set(0, 0)
      return (yield* read(1)) === 0
    }),
  )
  p.thread('other', function* () {
    yield* isFair ? fairLock(0) : lock(0)
    yield* set(1, 1)
    yield* set(0, 0)
  })
  return p
}

/** Two threads that take two locks by trylock and let go of the first where the second is taken. */
function backingOff(crossed: boolean): Protocol {
  const { p, set, trylock } = flags('backing off')
  for (const [name, one] of [
    ['A', 0],
    ['B', crossed ? 1 : 0],
  ] as const) {
    p.thread(name, function* () {
      yield* loop(function* () {
        if ((yield* trylock(one)) === 0) return true
        if ((yield* trylock(1 - one)) === 1) return false
        yield* set(one, 0)
        return true
      })
      yield* set(1 - one, 0)
      yield* set(one, 0)
    })
  }
  return p
}

/** A sleeper that looks and then sleeps; a waker that sets a flag and wakes who sleeps. The look and the sleep are one step, or two. */
function sleeping(atomic: boolean, polls: boolean): Protocol {
  const p = new Protocol('sleeping')
  const done = p.word('done')
  const asleep = p.word('asleep')
  const look = p.step('look', (S) => S[done], { results: 2 })
  const lookAndSleep = p.step('look and sleep', (S) => (S[done] === 1 ? 1 : ((S[asleep] = 1), 0)), {
    results: 2,
  })
  const sleep = p.step('sleep', (S) => void (S[asleep] = 1))
  const awake = p.step('awake', () => {}, { when: (S) => S[asleep] === 0 })
  const isAsleep = p.step('asleep?', (S) => S[asleep], { results: 2 })
  const finish = p.step('finish', (S) => void (S[done] = 1))
  const wake = p.step('wake', (S) => void (S[asleep] = 0))
  p.thread('sleeper', function* () {
    if (atomic) {
      if ((yield* lookAndSleep()) === 1) return
    } else {
      if ((yield* look()) === 1) return
      yield* sleep()
    }
    if (!polls) return void (yield* awake())
    yield* loop(function* () {
      return (yield* isAsleep()) === 1
    })
  })
  p.thread('waker', function* () {
    yield* finish()
    yield* wake()
  })
  return p
}

/** A server that goes round for ever, with work to show for it or without; nobody waits for a daemon. */
function serving(as: 'advancing' | 'idling' | 'daemon'): Protocol {
  const p = new Protocol('serving')
  const served = p.step('serve', () => {}, { advances: as === 'advancing' })
  const begin = p.step('begin', () => {})
  const code = (): Code =>
    loop(function* () {
      yield* begin()
      yield* served()
      return true
    })
  if (as === 'daemon') p.daemon('server', () => begin(), 0)
  else p.thread('server', code)
  p.thread('client', function* () {
    yield* begin()
  })
  return p
}

/** A thread that waits for a flag that another raises and lowers for ever, until the first has seen it. */
function flickering(): Protocol {
  const { p, set, until, read } = flags('flickering')
  p.thread('watcher', function* () {
    yield* until(0, 1)
    yield* set(1, 1)
  })
  p.thread('blinker', () =>
    loop(function* () {
      yield* set(0, 1)
      yield* set(0, 0)
      return (yield* read(1)) === 0
    }),
  )
  return p
}

/** A coin that is thrown until it shows heads: nobody owes that it ever does. */
function throwing(): Protocol {
  const p = new Protocol('throwing')
  p.thread('thrower', () =>
    loop(function* () {
      return (yield* p.pick(2)) === 1
    }),
  )
  return p
}

/** One way or the other to the same end. */
function forking(): Protocol {
  const p = new Protocol('forking')
  const steps = ['left', 'right', 'end'].map((name) => p.step(name, () => {}))
  p.thread('walker', function* () {
    yield* steps[yield* p.pick(2)]()
    yield* steps[2]()
  })
  return p
}

/** Two threads that take and release a lock for ever, each in its turn. */
function takingTurns(): Protocol {
  const { p, set, fairLock } = flags('taking turns')
  for (const name of ['A', 'B']) {
    p.thread(name, () =>
      loop(function* () {
        yield* fairLock(0)
        yield* set(0, 0)
        return true
      }),
    )
  }
  return p
}

/** A thread spins for one whose CPU the host took away: the host owes it back. */
function preempted(): Protocol {
  const p = new Protocol('preempted', { preemptions: 1 })
  const done = p.word('done')
  const read = p.step('read', (S) => S[done], { results: 2 })
  const finish = p.step('finish', (S) => void (S[done] = 1))
  p.thread('spinner', () =>
    loop(function* () {
      return (yield* read()) === 0
    }),
  )
  p.thread('worker', () => finish())
  return p
}

/** Two threads that wait for each other, beside one that spins for both. */
function halfStuck(): Protocol {
  const { p, set, until, read } = flags('half stuck')
  p.thread('A', function* () {
    yield* until(0, 1)
    yield* set(1, 1)
  })
  p.thread('B', function* () {
    yield* until(1, 1)
    yield* set(0, 1)
  })
  p.thread('spinner', () =>
    loop(function* () {
      return (yield* read(0)) === 0
    }),
  )
  return p
}

/** Whatever it does next ends in a violation, which is not for this search to tell. */
function violating(): Protocol {
  const { p, read } = flags('violating')
  const wrong = p.step('wrong', () => p.violate('no-wrong', 'it happened'))
  p.thread('spinner', () =>
    loop(function* () {
      return (yield* read(0)) === 0
    }),
  )
  p.thread('wrongdoer', () => wrong())
  return p
}

export const catalogue: readonly Entry[] = [
  { name: 'a spin loop whose flag is set', make: () => spinning(true), verdict: 'live' },
  {
    name: 'a spin loop whose flag nobody sets',
    make: () => spinning(false),
    verdict: 'livelock',
    lasso: [1, 1, 1],
  },
  { name: 'a lock that is handed on in turn', make: () => hogging(true), verdict: 'live' },
  {
    name: 'a lock that one thread may always get first',
    make: () => hogging(false),
    verdict: 'livelock',
    lasso: [0, 0, 3],
  },
  { name: 'trylocks in one order', make: () => backingOff(false), verdict: 'live' },
  { name: 'trylocks that are crossed', make: () => backingOff(true), verdict: 'livelock', lasso: [2, 2, 6] },
  { name: 'a look and a sleep in one', make: () => sleeping(true, false), verdict: 'live' },
  { name: 'a look and a sleep in one, that polls', make: () => sleeping(true, true), verdict: 'live' },
  {
    name: 'a wake-up between look and sleep',
    make: () => sleeping(false, false),
    verdict: 'deadlock',
    lasso: [2, 4, 0],
  },
  {
    name: 'a wake-up between look and sleep, polled for',
    make: () => sleeping(false, true),
    verdict: 'livelock',
    lasso: [2, 4, 1],
  },
  { name: 'a server that serves', make: () => serving('advancing'), verdict: 'live' },
  { name: 'a server that idles', make: () => serving('idling'), verdict: 'livelock', lasso: [1, 1, 2] },
  { name: 'a daemon', make: () => serving('daemon'), verdict: 'live' },
  { name: 'a flag that flickers', make: flickering, verdict: 'livelock', lasso: [0, 0, 3] },
  { name: 'a coin', make: throwing, verdict: 'livelock', lasso: [0, 0, 1] },
  { name: 'a fork that joins', make: forking, verdict: 'live' },
  {
    name: 'a lock that is handed to and fro for ever',
    make: takingTurns,
    verdict: 'livelock',
    lasso: [1, 0, 4],
  },
  { name: 'a CPU that the host took away', make: preempted, verdict: 'live' },
  {
    name: 'two that wait for each other while a third spins',
    make: halfStuck,
    verdict: 'livelock',
    lasso: [0, 0, 1],
  },
  { name: 'a spin loop beside a violation', make: violating, verdict: 'live' },
]
