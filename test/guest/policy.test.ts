import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Layout } from '../../src/engine/layout.ts'
import { checkpoint, perform, type Code, type Step } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'
import { asPolicy, hooksOf } from '../../src/guest/hooks.ts'
import { optionsOf } from '../../src/guest/policy-schema.ts'
import { decodeRequest, makeRequest, pageMask } from '../../src/guest/request.ts'
import { perCpu, policyWords, variable } from '../../src/machine/word.ts'
import { machineConfig } from '../../src/machine/config.ts'
import { CLI, STI } from '../../src/machine/interrupts.ts'
import { definePolicy, withOptions } from '../../src/policies/define.ts'
import { program } from '../machine/drive.ts'

describe('a flush request', () => {
  it('survives being one number, but for its targets', () => {
    const requests = fc.record({
      space: fc.nat(1),
      pages: fc.integer({ min: 0, max: 255 }),
      freedTables: fc.boolean(),
      collapse: fc.boolean(),
    })
    const codes = new Map<number, string>()
    fc.assert(
      fc.property(requests, ({ space, pages, ...kind }) => {
        const request = makeRequest(space, pages, kind, [1, 2])
        expect(decodeRequest(request.code)).toEqual({ ...request, targets: [] })
        // Different from "no request" and from "an answer", and small enough for a call-function slot.
        expect(request.code).toBeGreaterThan(1)
        expect(request.code).toBeLessThanOrEqual(0xffff)
        const text = JSON.stringify({ space, pages, ...kind })
        expect(codes.get(request.code) ?? text).toBe(text)
        codes.set(request.code, text)
      }),
    )
  })

  it('names pages by their place in the list of mapped ones', () => {
    const config = machineConfig({ pages: [3, 0, 2] })
    expect([3, 0, 2].map((page) => pageMask(config, page))).toEqual([1, 2, 4])
  })
})

describe('a shared variable', () => {
  it('is one word, or one a CPU, with a name that says which', () => {
    const layout = new Layout()
    const shared = policyWords(layout, 3, { one: variable({ max: 9 }), each: perCpu({ max: 2 }) })
    expect(layout.size).toBe(4)
    expect([shared.one.of(), shared.one.of(2)].map(({ at, max, name }) => [at, max, name])).toEqual([
      [0, 9, 'one'],
      [0, 9, 'one'],
    ])
    expect([0, 1, 2].map((v) => shared.each.of(v)).map(({ at, max, name }) => [at, max, name])).toEqual([
      [1, 2, 'each[0]'],
      [2, 2, 'each[1]'],
      [3, 2, 'each[2]'],
    ])
  })

  it('of a CPU that does not exist is refused with what would be right', () => {
    const shared = policyWords(new Layout(), 2, { pending: perCpu() })
    expect(() => shared.pending.of(2)).toThrow('pending.of(cpu) is 2; expected a CPU from 0 to 1')
  })

  it('is refused where it could hold nothing, or starts outside what it holds', () => {
    for (const max of [0, -1, 1.5, 65_536])
      expect(() => variable({ max })).toThrow('max of a shared variable')
    for (const initial of [-1, 3, 0.5])
      expect(() => perCpu({ max: 2, initial })).toThrow('expected a whole number from 0 to 2')
    expect(variable()).toEqual({ kind: 'one', max: 1, initial: 0 })
  })
})

const drain = (code: Code<unknown>): Step[] => {
  const steps: Step[] = []
  for (let taken = code.next(0); taken.done !== true; taken = code.next(0)) steps.push(taken.value)
  return steps
}

describe('code that is run as the policy’s', () => {
  it('has all its steps marked, checkpoints too, and its results and value passed through', () => {
    const results: number[] = []
    const code = asPolicy(
      'p',
      (function* () {
        results.push(yield* perform(CLI))
        yield* checkpoint('here', 1)
        results.push(yield* perform(STI))
        return 7
      })(),
    )
    const first = code.next(0)
    expect(first.value).toMatchObject({ op: CLI, ofPolicy: true })
    expect(code.next(3).value).toMatchObject({ key: 'here(1)', ofPolicy: true })
    expect(code.next(0).value).toMatchObject({ op: STI, ofPolicy: true })
    expect(code.next(4)).toEqual({ done: true, value: 7 })
    expect(results).toEqual([3, 4])
  })

  it('is refused with its name where it is no generator', () => {
    expect(() => drain(asPolicy('mine flush', undefined as never))).toThrow(
      'mine flush did not return a generator',
    )
  })

  it('passes on what is no step, for the coroutine to name', () => {
    const code = asPolicy(
      'p',
      (function* () {
        yield 5 as never
      })(),
    )
    expect(code.next(0).value).toBe(5)
  })
})

describe('a policy without hooks of its own', () => {
  const bare = definePolicy({ name: 'bare', summary: 'Does nothing', *flush() {} })

  it('gathers 0, frees tables at once and has nothing to finish', () => {
    const hooks = hooksOf(bare)
    const seen: number[] = []
    program(function* (cpu) {
      const request = makeRequest(0, 1, {}, [])
      seen.push(yield* hooks.gather(cpu, request))
      seen.push(drain(hooks.flush(cpu, request, 0)).length)
      seen.push(drain(hooks.finish(cpu, 0)).length)
      const [free, ...rest] = drain(hooks.freeTable(cpu, 2, 0))
      seen.push(rest.length)
      expect(free).toMatchObject({ a: 2, ofPolicy: true })
      expect(free.op.name).toBe('free table')
    })
    expect(seen.slice(0, 4)).toEqual([0, 0, 0, 0])
  })
})

describe('options of a policy', () => {
  const optional = definePolicy({
    name: 'optional',
    summary: 'Has options',
    options: z.object({ ceiling: z.number().int().positive().default(33) }),
    *flush() {},
  })

  it('have defaults, and can be chosen', () => {
    expect(optionsOf(optional)).toEqual({ ceiling: 33 })
    expect(optionsOf(withOptions(optional, { ceiling: 4 }))).toEqual({ ceiling: 4 })
    expect(optionsOf(definePolicy({ name: 'none', summary: 'x', *flush() {} }))).toBeUndefined()
  })

  it('reach the code', () => {
    const seen: unknown[] = []
    program(
      function* (cpu) {
        seen.push(cpu.options)
      },
      { policy: withOptions(optional, { ceiling: 5 }) },
    )
    expect(seen[0]).toEqual({ ceiling: 5 })
  })

  it('that do not fit are refused with policy and option', () => {
    expect(() => withOptions(optional, { ceiling: 'high' })).toThrow(ShootdownError)
    expect(() => withOptions(optional, { ceiling: -1 })).toThrow('Option "ceiling" of policy "optional"')
    expect(() => withOptions(definePolicy({ name: 'none', summary: 'x', *flush() {} }), { a: 1 })).toThrow(
      'this policy has no options',
    )
  })
})

describe('what a policy may call', () => {
  it('are interrupts and hypercalls that it declares; others are named with those', () => {
    expect(() => program((cpu) => cpu.sendIpi(0, 'bell'))).toThrow(
      'no interrupt named "bell"; the policy declares: none',
    )
    expect(() => program((cpu) => cpu.hypercall('x', 0, []))).toThrow(
      'no hypercall named "x"; the policy declares: none',
    )
  })
})
