import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import { RETURN, checkpoint, defineOp, perform, type Code, type Step } from '../../src/engine/step.ts'

const OPS = [defineOp('one', 1), defineOp('two', 2), defineOp('three', 3), defineOp('many', 0)]

/** Random code: steps whose results go to variables, branches and short loops on variables, early returns. */
type Instruction =
  | { readonly kind: 'step'; readonly op: number; readonly into: number; readonly from: number }
  | {
      readonly kind: 'if'
      readonly on: number
      readonly is: number
      readonly yes: readonly Instruction[]
      readonly no: readonly Instruction[]
    }
  | { readonly kind: 'repeat'; readonly times: number; readonly body: readonly Instruction[] }
  | { readonly kind: 'checkpoint'; readonly at: number }
  | { readonly kind: 'return'; readonly from: number }

const VARIABLES = 3
const variable = fc.nat(VARIABLES - 1)

const { body } = fc.letrec<{ body: Instruction[]; instruction: Instruction }>((tie) => ({
  body: fc.array(tie('instruction'), { maxLength: 4, depthIdentifier: 'code' }),
  instruction: fc.oneof(
    { depthIdentifier: 'code', maxDepth: 2 },
    fc.record({
      kind: fc.constant('step' as const),
      op: fc.nat(OPS.length - 1),
      into: variable,
      from: variable,
    }),
    fc.record({
      kind: fc.constant('if' as const),
      on: variable,
      is: fc.nat(2),
      yes: tie('body'),
      no: tie('body'),
    }),
    fc.record({
      kind: fc.constant('repeat' as const),
      times: fc.integer({ min: 1, max: 3 }),
      body: tie('body'),
    }),
    fc.record({ kind: fc.constant('checkpoint' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('return' as const), from: variable }),
  ),
}))

/** The program as a generator, the way an author would write it. */
function* run(
  code: readonly Instruction[],
  loops: number[] = [],
  v: number[] = [0, 0, 0],
): Code<number | undefined> {
  for (const each of code) {
    if (each.kind === 'return') return v[each.from]
    if (each.kind === 'step')
      v[each.into] = yield* perform(OPS[each.op], v[each.from], loops.length, each.into)
    // An honest checkpoint declares the variables and where each loop stands.
    if (each.kind === 'checkpoint') yield* checkpoint(`${each.at}`, ...v, ...loops)
    if (each.kind === 'if') {
      const returned = yield* run(v[each.on] === each.is ? each.yes : each.no, loops, v)
      if (returned !== undefined) return returned
    }
    if (each.kind === 'repeat') {
      for (let i = 0; i < each.times; i++) {
        const returned = yield* run(each.body, [...loops, i], v)
        if (returned !== undefined) return returned
      }
    }
  }
  return undefined
}

/** Gives every checkpoint of a program a number of its own. */
function numbered(code: readonly Instruction[], next = { number: 0 }): Instruction[] {
  return code.map((each) => {
    if (each.kind === 'checkpoint') return { ...each, at: next.number++ }
    if (each.kind === 'if') return { ...each, yes: numbered(each.yes, next), no: numbered(each.no, next) }
    return each.kind === 'repeat' ? { ...each, body: numbered(each.body, next) } : each
  })
}

const start = (code: readonly Instruction[]) =>
  function* (): Code<number> {
    return (yield* run(code)) ?? -1
  }

/** A stream of results: each step takes the next, within what it declares. */
const answer = (step: Step, raw: number): number => (step.results === 0 ? raw : raw % step.results)

/** Steps as the generator itself asks for them, checkpoints left out, and what it returns. */
function direct(code: readonly Instruction[], raws: readonly number[]): string[] {
  const running = start(code)()
  const asked: string[] = []
  let taken = running.next(0)
  for (let i = 0; taken.done !== true;) {
    const step = taken.value
    if (step.key !== undefined) {
      taken = running.next(0)
      continue
    }
    asked.push(`${step.op.name} ${step.a} ${step.b} ${step.c}`)
    if (i === raws.length) return asked
    taken = running.next(answer(step, raws[i++]))
  }
  return [...asked, `return ${taken.value}`]
}

/** The same through control states. */
function memoized(co: Coroutines, root: number, raws: readonly number[]): string[] {
  const asked: string[] = []
  let node = root
  for (let i = 0; ; i++) {
    const step = co.steps[node]
    if (step.op === RETURN) return [...asked, `return ${co.returned(node)}`]
    asked.push(`${step.op.name} ${step.a} ${step.b} ${step.c}`)
    if (i === raws.length) return asked
    node = co.next(node, answer(step, raws[i]))
  }
}

const results = fc.array(fc.oneof(fc.nat(3), fc.nat(1_000_000)), { maxLength: 15 })

describe('any program', () => {
  it('asks for the same steps through control states as when it is run, whatever the results', () => {
    fc.assert(
      fc.property(body, fc.array(results, { minLength: 1, maxLength: 3 }), (written, runs) => {
        const code = numbered(written)
        const co = new Coroutines()
        const root = co.root('random program', start(code))
        // Twice, since the second time every edge is known.
        for (const raws of [...runs, ...runs]) expect(memoized(co, root, raws)).toEqual(direct(code, raws))
      }),
      { numRuns: 200 },
    )
  })

  it('does so when several share a table, where their futures are merged', () => {
    fc.assert(
      fc.property(fc.array(body, { minLength: 2, maxLength: 4 }), results, (written, raws) => {
        const co = new Coroutines()
        const codes = written.map((each) => numbered(each))
        const roots = codes.map((code, i) => co.root(`program ${i}`, start(code)))
        codes.forEach((code, i) => expect(memoized(co, roots[i], raws)).toEqual(direct(code, raws)))
      }),
      { numRuns: 100 },
    )
  })

  it('comes to one control state exactly for equal futures, where all results are known', () => {
    const known = body
      .map(
        (code) =>
          JSON.parse(JSON.stringify(numbered(code)), (key, value) =>
            key === 'op' ? value % 3 : value,
          ) as Instruction[],
      )
      .filter((code) => !JSON.stringify(code).includes('"checkpoint"'))
    fc.assert(
      fc.property(known, (code) => {
        const co = new Coroutines()
        let starts = 0
        const root = co.root('known', () => (starts++, start(code)()))
        const expanded = starts
        // Equal futures get one number.
        const numbers = new Map<string, number>()
        const futures = new Map<number, number>()
        const look = (node: number): number => {
          const known = futures.get(node)
          if (known !== undefined) return known
          // Larger trees are not expanded ahead as a whole: running the code again shows it. What is followed lazily is
          // not merged, and not meant here.
          fc.pre(starts === expanded)
          const step = co.steps[node]
          const children =
            step.op === RETURN ? [] : Array.from({ length: step.results }, (_, r) => look(co.next(node, r)))
          const text = `${step.op.name} ${step.a} ${step.b} ${step.c}: ${children.join()}`
          if (!numbers.has(text)) numbers.set(text, numbers.size)
          const seen = numbers.get(text)!
          futures.set(node, seen)
          return seen
        }
        look(root)
        fc.pre(starts === expanded)
        expect(numbers.size).toBe(futures.size)
      }),
      { numRuns: 60 },
    )
  })
})
