/**
 * SCTBench work-stealing queue, of CHESS, after the THE protocol of Cilk (Frigo, Leiserson and Randall, PLDI 1998): the
 * owner pushes and pops at the tail without a lock, a thief takes from the head under one. The defect: a push leaves no
 * room between tail and head, and may overwrite the item that a thief is about to read. It fails where an item was not
 * worked on exactly once.
 */
import type { Code } from '../../src/index.ts'
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

const ITEMS = 4
const STEALS = 2
/** Places of the queue in the beginning, and at most. */
const FEW = 2
const MANY = 8
const NOTHING = 0
/** Head and tail are kept 1 too high: the tail may go below 0 for a moment. */
const LIFT = 1

export const workStealingQueue: Program = {
  name: 'work-stealing queue',
  build() {
    const g = new Guest(this.name, 1)
    const head = g.variable('head', 2 * ITEMS + LIFT, LIFT)
    const tail = g.variable('tail', 2 * ITEMS + LIFT, LIFT)
    const mask = g.variable('mask', MANY - 1, FEW - 1)
    const places = g.array('place', MANY, ITEMS)
    const lock = g.mutex('lock')
    const work = g.array('work', ITEMS, 2)

    const take = function* (at: number): Code<number> {
      return yield* places[at & (yield* mask.load())].load()
    }
    const steal = function* (): Code<number> {
      yield* lock.lock()
      const h = (yield* head.load()) - LIFT
      yield* head.store(h + 1 + LIFT)
      const some = h < (yield* tail.load()) - LIFT
      const item = some ? yield* take(h) : NOTHING
      if (!some) yield* head.store(h + LIFT)
      yield* lock.unlock()
      return item
    }
    const popLocked = function* (): Code<number> {
      yield* lock.lock()
      const t = (yield* tail.load()) - LIFT - 1
      yield* tail.store(t + LIFT)
      const some = (yield* head.load()) - LIFT <= t
      let item = some ? yield* take(t) : NOTHING
      if (!some) yield* tail.store(t + 1 + LIFT)
      if ((yield* head.load()) - LIFT > t) {
        yield* head.store(LIFT)
        yield* tail.store(LIFT)
        item = NOTHING
      }
      yield* lock.unlock()
      return item
    }
    const pop = function* (): Code<number> {
      const t = (yield* tail.load()) - LIFT - 1
      yield* tail.store(t + LIFT)
      if ((yield* head.load()) - LIFT <= t) return yield* take(t)
      yield* tail.store(t + 1 + LIFT)
      return yield* popLocked()
    }
    const pushLocked = function* (item: number): Code {
      yield* lock.lock()
      const size = (yield* mask.load()) + 1
      const h = (yield* head.load()) - LIFT
      const count = (yield* tail.load()) - LIFT - h
      const start = h & (size - 1)
      yield* head.store(start + LIFT)
      yield* tail.store(start + count + LIFT)
      if (count >= size - 1) {
        const items: number[] = []
        for (let i = 0; i < count; i++) items.push(yield* places[(start + i) & (size - 1)].load())
        for (let i = 0; i < count; i++) yield* places[i].store(items[i])
        yield* mask.store(2 * size - 1)
        yield* head.store(LIFT)
        yield* tail.store(count + LIFT)
      }
      const t = (yield* tail.load()) - LIFT
      yield* places[t & (yield* mask.load())].store(item)
      yield* tail.store(t + 1 + LIFT)
      yield* lock.unlock()
    }
    const push = function* (item: number): Code {
      const t = (yield* tail.load()) - LIFT
      if (t >= (yield* head.load()) - LIFT + (yield* mask.load()) + 1) return yield* pushLocked(item)
      yield* places[t & (yield* mask.load())].store(item)
      yield* tail.store(t + 1 + LIFT)
    }
    const workOn = function* (item: number): Code {
      if (item !== NOTHING) yield* work[item - 1].store(Math.min(2, (yield* work[item - 1].load()) + 1))
    }

    const thief = g.thread('thief', function* () {
      for (let i = 0; i < STEALS; i++) yield* workOn(yield* steal())
    })
    return g.main(function* () {
      yield* thief.create()
      for (let item = 1; item <= ITEMS; item += 2) {
        yield* push(item)
        yield* push(item + 1)
        yield* workOn(yield* pop())
      }
      for (let i = 0; i < ITEMS / 2; i++) yield* workOn(yield* pop())
      yield* thief.join()
      for (const done of work) yield* g.assert((yield* done.load()) === 1)
    })
  },
}
