/**
 * The policy as kernel code calls it: every hook exists, and every step that a hook asks for is marked as the
 * policy's. Replay uses the mark: the policy's steps may differ in a repaired policy, the workload's may not.
 */
import { fail } from '../errors.ts'
import { isStep, type Code, type Step } from '../engine/step.ts'
import type { AnyCpu, Cpu } from './cpu.ts'
import type { AnyPolicy } from './policy.ts'
import type { FlushRequest } from './request.ts'

export interface Hooks {
  gather(cpu: Cpu, request: FlushRequest): Code<number>
  flush(cpu: Cpu, request: FlushRequest, gathered: number): Code
  flushRemote(cpu: Cpu, request: FlushRequest): Code
  freeTable(cpu: Cpu, table: number, gathered: number): Code
  finish(cpu: Cpu, gathered: number): Code
}

/** Runs code of the policy and marks its steps. */
export function* asPolicy<T>(where: string, code: Code<T>): Code<T> {
  const returned = code as (Partial<Code<T>> & Partial<AsyncIterable<T>>) | undefined
  if (typeof returned?.next !== 'function' || Symbol.asyncIterator in returned)
    throw fail.notAGenerator(where)
  let taken = code.next(0)
  while (taken.done !== true) {
    const step: Step = isStep(taken.value) ? { ...taken.value, ofPolicy: true } : taken.value
    taken = code.next(yield step)
  }
  return taken.value
}

export function hooksOf(policy: AnyPolicy): Hooks {
  const { name } = policy
  return {
    *gather(cpu, request) {
      if (policy.gather === undefined) return 0
      const gathered = yield* asPolicy(`${name} gather`, policy.gather(cpu as AnyCpu, request))
      return typeof gathered === 'number' ? gathered : 0
    },
    *flush(cpu, request, gathered) {
      yield* asPolicy(`${name} flush`, policy.flush(cpu as AnyCpu, request, gathered))
    },
    *flushRemote(cpu, request) {
      if (policy.flushRemote === undefined) yield* cpu.invlpg(request.pages)
      else yield* asPolicy(`${name} flushRemote`, policy.flushRemote(cpu as AnyCpu, request))
    },
    *freeTable(cpu, table, gathered) {
      if (policy.freeTable === undefined) yield* asPolicy(`${name} freeTable`, cpu.freeTableNow(table))
      else yield* asPolicy(`${name} freeTable`, policy.freeTable(cpu as AnyCpu, table, gathered))
    },
    *finish(cpu, gathered) {
      if (policy.finish !== undefined)
        yield* asPolicy(`${name} finish`, policy.finish(cpu as AnyCpu, gathered))
    },
  }
}
