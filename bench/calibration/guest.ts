/**
 * What calibration programs are written with: variables, mutexes, condition variables and threads that are created and
 * joined, as in the C programs that they stand for. Each access, each mutex operation, and the creation, beginning,
 * end and joining of a thread is a step of its own, which is where the published tools may switch threads.
 * Left out: what these programs do with local data, which nobody else sees.
 */
import type { Code } from '../../src/index.ts'
import { Protocol, type Ask } from '../../src/protocol/index.ts'

export interface Variable {
  load(): Code<number>
  store(value: number): Code
  /** Adds in one atomic step, and returns the sum. */
  add(value: number): Code<number>
}

export interface Mutex {
  lock(): Code
  unlock(): Code
}

export interface Condition {
  /** Releases the mutex and sleeps at once; holds it again afterwards. */
  wait(mutex: Mutex): Code
  /** Wakes one sleeper, if there is any. */
  signal(): Code
}

export interface Thread {
  create(): Code
  join(): Code
}

export class Guest {
  readonly protocol: Protocol
  private readonly begin: Ask
  private readonly exit: Ask
  private readonly created: Ask
  private readonly joined: Ask
  private readonly fail: Ask
  private threads = 0

  /** `size`: how many threads there can be besides the main one. */
  constructor(name: string, size: number) {
    const p = (this.protocol = new Protocol(name))
    const state = p.word('threads', ABSENT, size)
    const at = (thread: number): number => state + thread
    this.created = p.step('create', (S, t) => void (S[at(t)] = RUNS), { writes: at })
    this.begin = p.step('begin', () => {}, { when: (S, t) => S[at(t)] === RUNS, reads: at })
    this.exit = p.step('exit', (S, t) => void (S[at(t)] = ENDED), { writes: at })
    this.joined = p.step('join', () => {}, { when: (S, t) => S[at(t)] === ENDED, reads: at })
    this.fail = p.step('fail', () => p.violate('assertion', 'An assertion failed.'))
  }

  /** A variable that holds 0 .. max, as far as that is known. */
  variable(name: string, max: number, initial = 0): Variable {
    const p = this.protocol
    const word = p.word(name, initial)
    const touch = (): number => word
    // Futures are compared where they are few; otherwise, histories are followed as they come.
    const results = max < FEW ? max + 1 : 0
    const load = p.step(`load ${name}`, (S) => S[word], { results, reads: touch })
    const store = p.step(`store ${name}`, (S, value) => void (S[word] = value), { writes: touch })
    const add = p.step(`add to ${name}`, (S, value) => (S[word] += value), { results, writes: touch })
    return {
      *load() {
        return yield* load()
      },
      *store(value) {
        yield* store(value)
      },
      *add(value) {
        return yield* add(value)
      },
    }
  }

  /** A number of variables of one name. */
  array(name: string, length: number, max: number, initial: (i: number) => number = () => 0): Variable[] {
    return Array.from({ length }, (_, i) => this.variable(`${name}[${i}]`, max, initial(i)))
  }

  mutex(name: string): Mutex {
    const p = this.protocol
    const word = p.word(name)
    const writes = (): number => word
    const lock = p.step(`lock ${name}`, (S) => void (S[word] = 1), { when: (S) => S[word] === 0, writes })
    const unlock = p.step(`unlock ${name}`, (S) => void (S[word] = 0), { writes })
    return {
      *lock() {
        yield* lock()
      },
      *unlock() {
        yield* unlock()
      },
    }
  }

  /** Sleepers are told apart by `who`, below `sleepers`; the one of the lowest number is woken first. */
  condition(name: string, sleepers: number): (who: number) => Condition {
    const p = this.protocol
    const sleeps = p.word(name, 0, sleepers)
    const writes = (): number => sleeps
    const sleep = p.step(`sleep on ${name}`, (S, who) => void (S[sleeps + who] = 1), { writes })
    const wake = p.step(`wake from ${name}`, () => {}, {
      when: (S, who) => S[sleeps + who] === 0,
      reads: writes,
    })
    const signal = p.step(
      `signal ${name}`,
      (S) => {
        for (let who = 0; who < sleepers; who++) if (S[sleeps + who] !== 0) return void (S[sleeps + who] = 0)
      },
      { writes },
    )
    return (who) => ({
      *wait(mutex) {
        yield* sleep(who)
        yield* mutex.unlock()
        yield* wake(who)
        yield* mutex.lock()
      },
      *signal() {
        yield* signal()
      },
    })
  }

  /** A thread that begins once it is created. */
  thread(name: string, body: () => Code): Thread {
    const { begin, exit, created, joined } = this
    const id = this.threads++
    this.protocol.thread(name, function* () {
      yield* begin(id)
      yield* body()
      yield* exit(id)
    })
    return {
      *create() {
        yield* created(id)
      },
      *join() {
        yield* joined(id)
      },
    }
  }

  main(body: () => Code): Protocol {
    this.protocol.thread('main', body)
    return this.protocol
  }

  /** A main thread that creates the others in the order of the list, and then joins them. */
  run(threads: readonly Thread[]): Protocol {
    return this.main(function* () {
      for (const thread of threads) yield* thread.create()
      for (const thread of threads) yield* thread.join()
    })
  }

  *assert(holds: boolean): Code {
    if (!holds) yield* this.fail()
  }
}

/** Values of a variable, at most, for the futures of a load to be followed ahead. */
const FEW = 4

const ABSENT = 0
const RUNS = 1
const ENDED = 2
