/**
 * Locks of policies and operations: spinlocks with interrupts on or off, and mutexes. A lock is a word that holds its
 * owner + 1. There is one thread a CPU, so a mutex differs from a spinlock in what it forbids: whoever takes it may
 * sleep, which is wrong with interrupts off or inside rcu_read_lock. Not noticed: sleeping with a spinlock held.
 * kernel/locking/spinlock.c, kernel/locking/mutex.c, include/linux/irqflags.h.
 */
import { defineOp, perform, type Code } from '../engine/step.ts'
import { CLI, READ_IF, STI } from '../machine/interrupts.ts'
import { CMPXCHG } from '../machine/memory.ts'
import { perCpu, resultsOf, variable, type SharedDeclaration, type Word } from '../machine/word.ts'
import type { AnyCpu } from './cpu.ts'

/** Reports it where the code must not sleep; takes no time. */
export const MIGHT_SLEEP = defineOp('might sleep', 1, undefined, 'right')

const OWNERS = { max: 7 }
/** Declares a lock among the variables of a policy: `shared: { lock: lockWord() }`. */
export const lockWord = (): SharedDeclaration & { readonly kind: 'one' } => variable(OWNERS)
/** Declares a lock for each CPU. */
export const lockWords = (): SharedDeclaration & { readonly kind: 'per-cpu' } => perCpu(OWNERS)

/** Spins until the lock is free and takes it; interrupts are taken meanwhile if they are on. */
export const spinLock = (cpu: AnyCpu, lock: Word): Code => cpu.lock(lock)

export const spinUnlock = (cpu: AnyCpu, lock: Word): Code => cpu.unlock(lock)

/** Takes the lock if it is free; true if so. */
export function* spinTrylock(cpu: AnyCpu, lock: Word): Code<boolean> {
  return (yield* perform(CMPXCHG, lock.at, 0, cpu.id + 1, resultsOf(lock))) === 0
}

/** Interrupts off; returns what IF was, for {@link localIrqRestore}. */
export function* localIrqSave(_cpu: AnyCpu): Code<number> {
  const flags = yield* perform(READ_IF)
  yield* perform(CLI)
  return flags
}

/** IF as it was; stays off if it was off. */
export function* localIrqRestore(_cpu: AnyCpu, flags: number): Code {
  if (flags !== 0) yield* perform(STI)
}

/** Interrupts off, then the lock: nothing on this CPU can spin for a lock that it interrupted. */
export function* spinLockIrqsave(cpu: AnyCpu, lock: Word): Code<number> {
  const flags = yield* localIrqSave(cpu)
  yield* cpu.lock(lock)
  return flags
}

export function* spinUnlockIrqrestore(cpu: AnyCpu, lock: Word, flags: number): Code {
  yield* cpu.unlock(lock)
  yield* localIrqRestore(cpu, flags)
}

/** Takes a mutex, sleeping until it is free. */
export function* mutexLock(cpu: AnyCpu, mutex: Word): Code {
  yield* perform(MIGHT_SLEEP)
  yield* cpu.lock(mutex)
}

export const mutexUnlock = (cpu: AnyCpu, mutex: Word): Code => cpu.unlock(mutex)
