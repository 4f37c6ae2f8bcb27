/**
 * smp_call_function with a queue a CPU: a request is appended to the target's lockless list, an IPI is sent only if the
 * list was empty, and the handler takes the whole list and serves it in order. The steps are offered one by one too,
 * because leaving one out or splitting one is how wake-ups get lost. kernel/smp.c (smp_call_function_many_cond,
 * __flush_smp_call_function_queue), lib/llist.c.
 */
import { defineOp, perform, type Code } from '../engine/step.ts'
import { fail } from '../errors.ts'
import type { Machine } from '../machine/machine.ts'
import type { Execute } from '../machine/semantics.ts'
import { WAIT_FREE, XCHG } from '../machine/memory.ts'
import { perCpu, type SharedDeclaration, type SharedWords, type Word } from '../machine/word.ts'
import type { AnyCpu } from './cpu.ts'

/** A queue is a word with a digit for each entry, the oldest first; entries are 1 .. 7. */
const BASE = 8
const LONGEST = 5

/** Appends entry `b` to queue `a`; results in 1 if the queue was empty (llist_add). */
const QUEUE_PUSH = defineOp(
  'push',
  2,
  (a, b, _c, n, r) => `${n.word(a)}: append ${b}${r === 1 ? ', was empty' : ''}`,
)
/** Takes the oldest entry of queue `a`, or 0. */
const QUEUE_POP = defineOp(
  'pop',
  0,
  (a, _b, _c, n, r) => `${n.word(a)}: take ${r === undefined ? 'one' : r === 0 ? 'nothing' : r}`,
)

export function installQueues(m: Machine): void {
  const push: Execute = (_v, at, entry) => {
    const old = m.S[at]
    if (old >= BASE ** (LONGEST - 1))
      throw fail.valueTooLarge(m.layout.fieldAt(at).name, LONGEST + 1, LONGEST)
    m.S[at] = old * BASE + entry
    return old === 0 ? 1 : 0
  }
  const pop: Execute = (_v, at) => {
    let unit = 1
    while (unit * BASE <= m.S[at]) unit *= BASE
    const oldest = Math.floor(m.S[at] / unit)
    m.S[at] -= oldest * unit
    return oldest
  }
  m.installDrained(QUEUE_PUSH, push)
  m.installDrained(QUEUE_POP, pop)
}

/** Declares a queue for each CPU. */
export const queueWords = (): SharedDeclaration & { readonly kind: 'per-cpu' } =>
  perCpu({ max: BASE ** LONGEST - 1 })

/** Appends an entry (1 .. 7) to a queue; true if the queue was empty before. */
export function* queuePush(_cpu: AnyCpu, queue: Word, entry: number): Code<boolean> {
  if (!(entry >= 1 && entry < BASE)) throw fail.badConfig('entry of a queue', entry, `1 to ${BASE - 1}`)
  return (yield* perform(QUEUE_PUSH, queue.at, entry)) === 1
}

/** Takes the oldest entry of a queue, or 0. */
export function* queuePop(_cpu: AnyCpu, queue: Word): Code<number> {
  return yield* perform(QUEUE_POP, queue.at)
}

/** Takes all entries of a queue at once, the oldest first (llist_del_all). */
export function* queueTakeAll(_cpu: AnyCpu, queue: Word): Code<readonly number[]> {
  const entries: number[] = []
  for (let left = yield* perform(XCHG, queue.at, 0); left > 0; left = Math.floor(left / BASE))
    entries.unshift(left % BASE)
  return entries
}

export interface CallQueueOptions {
  /** Name of the interrupt vector, which the variables are named after too. */
  readonly vector: string
  /** Runs on the target, with interrupts off. */
  handle(cpu: AnyCpu, request: number, from: number): Code
  /** Requests that one CPU can have under way at a time. Default 1. */
  readonly slots?: number
}

/** The parts of a policy that make and answer calls. */
export interface CallQueues {
  /** For the policy's `shared`. */
  readonly shared: Readonly<Record<string, SharedDeclaration & { readonly kind: 'per-cpu' }>>
  /** For the policy's `interrupts`. */
  readonly interrupts: Readonly<Record<string, (cpu: AnyCpu) => Code>>
  /** Asks the targets to handle a request, and waits for all unless told not to; `slot` says which of its own it uses. */
  call(
    cpu: AnyCpu,
    targets: readonly number[],
    request: number,
    options?: { readonly wait?: boolean; readonly slot?: number },
  ): Code
  /** Serves what is queued for this CPU; also without an interrupt, as the idle loop does. */
  drain(cpu: AnyCpu): Code
  /** Serves one entry that was taken from this CPU's queue, and answers it. */
  serve(cpu: AnyCpu, entry: number): Code
  /** The queue of a CPU. */
  queueOf(cpu: AnyCpu, target: number): Word
}

/** Makes the variables, the interrupt handler and the calls of a set of queues. */
export function callQueues({ vector, handle, slots = 1 }: CallQueueOptions): CallQueues {
  const name = vector.replaceAll('-', '_')
  const numbers = Array.from({ length: slots }, (_, slot) => slot)
  const wordOf = (cpu: AnyCpu, what: string, of: number): Word =>
    (cpu.shared as Record<string, SharedWords>)[`${name}_${what}`].of(of)
  const queueOf = (cpu: AnyCpu, target: number): Word => wordOf(cpu, 'queue', target)
  const entryOf = (cpu: number, slot: number): number => 1 + cpu * slots + slot

  function* serve(cpu: AnyCpu, entry: number): Code {
    const from = Math.floor((entry - 1) / slots)
    const slot = (entry - 1) % slots
    yield* handle(cpu, yield* cpu.load(wordOf(cpu, `request${slot}`, from)), from)
    yield* cpu.fetchAnd(wordOf(cpu, `unanswered${slot}`, from), ~(1 << cpu.id))
  }
  function* drain(cpu: AnyCpu): Code {
    for (const entry of yield* queueTakeAll(cpu, queueOf(cpu, cpu.id))) yield* serve(cpu, entry)
  }
  return {
    shared: {
      [`${name}_queue`]: queueWords(),
      ...Object.fromEntries(
        numbers.flatMap((slot) => [
          [`${name}_request${slot}`, perCpu({ max: 0xffff })],
          [`${name}_unanswered${slot}`, perCpu({ max: 63 })],
        ]),
      ),
    },
    interrupts: { [vector]: drain },
    queueOf,
    serve,
    drain,
    *call(cpu, targets, request, { wait = true, slot = 0 } = {}) {
      const unanswered = wordOf(cpu, `unanswered${slot}`, cpu.id)
      yield* perform(WAIT_FREE, unanswered.at)
      yield* cpu.store(wordOf(cpu, `request${slot}`, cpu.id), request)
      yield* cpu.store(
        unanswered,
        targets.reduce((mask, target) => mask | (1 << target), 0),
      )
      for (const target of targets) {
        if (yield* queuePush(cpu, queueOf(cpu, target), entryOf(cpu.id, slot)))
          yield* cpu.sendIpi(target, vector)
      }
      if (wait) yield* cpu.until(unanswered, 0)
    },
  }
}
