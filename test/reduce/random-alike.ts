/**
 * Random protocols with CPUs that are alike: each runs the same code on shared variables and on its own, and may have an
 * interrupt; one more thread goes through the CPUs, one after the other or all at once.
 */
import fc from 'fast-check'
import type { Code } from '../../src/index.ts'
import { Protocol } from '../../src/protocol/index.ts'

const CPUS = [1, 2, 3]
const VALUES = 2

type Kind = 'set' | 'wait' | 'check' | 'copy' | 'if' | 'add'
/** Of the words 0 and 1 all CPUs have one; of 2 and 3 each has its own. */
interface Do {
  readonly kind: Kind
  readonly at: number
  readonly to: number
}
/** What the other thread does: to a shared word, or to the CPUs in turn, or to the last of them alone. */
interface DoAll {
  readonly kind: 'set' | 'wait' | 'check' | 'set-each' | 'wait-each' | 'wait-all' | 'set-last'
  readonly at: number
  readonly value: number
}

export interface AlikeShape {
  readonly cpus: number
  readonly code: readonly Do[]
  readonly other: readonly DoAll[]
  readonly interrupt: Do | undefined
  readonly preemptions: number
  /** Two CPUs must not have this word of their own set at once; undefined for checks instead. */
  readonly never: number | undefined
}

const word = fc.nat(3)
const step: fc.Arbitrary<Do> = fc.record({
  kind: fc.constantFrom<Kind[]>('set', 'wait', 'check', 'copy', 'if', 'add'),
  at: word,
  to: word,
})

export const alikeShapes: fc.Arbitrary<AlikeShape> = fc.record({
  cpus: fc.constantFrom(2, 3),
  code: fc.array(step, { minLength: 1, maxLength: 4 }),
  other: fc.array(
    fc.record({
      kind: fc.constantFrom<DoAll['kind'][]>(
        ...(['set', 'wait', 'check', 'set-each', 'set-each', 'wait-each', 'wait-all', 'set-last'] as const),
      ),
      at: fc.nat(1),
      value: fc.nat(VALUES - 1),
    }),
    { maxLength: 3 },
  ),
  interrupt: fc.option(step, { nil: undefined }),
  preemptions: fc.constantFrom(0, 0, 0, 1),
  never: fc.option(fc.nat(1), { nil: undefined }),
})

export function alikeProtocol(shape: AlikeShape): Protocol {
  const { code, other, interrupt, preemptions, never } = shape
  const cpus = CPUS.slice(0, shape.cpus)
  const p = new Protocol('random, alike', { preemptions })
  const shared = p.word('shared', 0, 2)
  const own = [p.word('own 0', 0, 4), p.word('own 1', 0, 4)]
  const wordOf = (at: number, cpu: number): number => (at < 2 ? shared + at : own[at - 2] + cpu)
  const set = p.step('set', (S, at, value) => void (S[at] = value))
  const wait = p.step('wait', () => {}, { when: (S, at, value) => S[at] === value })
  const check = p.step('check', (S, at, value, name) => {
    if (S[at] === value && never === undefined) p.violate(`word-${name}`, `It is ${value}.`)
  })
  const copy = p.step('copy', (S, at, to) => void (S[to] = S[at]))
  const add = p.step('add', (S, at, to) => void (S[at] > 0 && (S[to] = (S[to] + 1) % VALUES)))
  const load = p.step('load', (S, at) => S[at], { results: VALUES })
  const waitAll = p.step('wait for all', () => {}, {
    when: (S, array, value) => cpus.every((cpu) => S[array + cpu] === value),
  })
  const taken = p.step('interrupt', (S, at, to) => void ((S[at] = 0), (S[to] = 1 - S[to])), {
    when: (S, at) => S[at] === 1,
  })
  p.thread('other', goThrough, 0)
  for (const cpu of cpus) p.thread(`cpu ${cpu}`, () => run(cpu), cpu)
  if (interrupt !== undefined)
    for (const cpu of cpus)
      p.daemon(`interrupt ${cpu}`, () => taken(wordOf(2, cpu), wordOf(interrupt.to, cpu)), cpu)
  if (never !== undefined)
    p.never('never-two', (S) => cpus.filter((cpu) => S[own[never] + cpu] === 1).length > 1)
  p.cpusAlike(cpus, ...own)
  return p

  function* run(cpu: number): Code {
    for (const { kind, at, to } of code) {
      const word = wordOf(at, cpu)
      if (kind === 'set') yield* set(word, to % VALUES)
      else if (kind === 'wait') yield* wait(word, to % VALUES)
      else if (kind === 'check') yield* check(word, to % VALUES, at)
      else if (kind === 'copy') yield* copy(word, wordOf(to, cpu))
      else if (kind === 'add') yield* add(word, wordOf(to, cpu))
      else if ((yield* load(word)) === 1) yield* set(wordOf(to, cpu), 0)
    }
  }

  function* goThrough(): Code {
    for (const { kind, at, value } of other) {
      if (kind === 'set') yield* set(shared + at, value)
      else if (kind === 'wait') yield* wait(shared + at, value)
      else if (kind === 'check') yield* check(shared + at, value, at)
      else if (kind === 'wait-all') yield* waitAll(own[at], value)
      else if (kind === 'set-last') yield* set(own[at] + cpus.at(-1)!, value)
      else {
        for (const cpu of cpus)
          yield* kind === 'set-each' ? set(own[at] + cpu, value) : wait(own[at] + cpu, value)
      }
    }
  }
}
