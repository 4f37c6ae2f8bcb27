/**
 * Random protocols: a few threads over a few variables, with waiting, branching on what was read, accesses that depend
 * on values, picks, interrupts, and things that must not happen.
 */
import fc from 'fast-check'
import type { Code } from '../../src/index.ts'
import { Protocol } from '../../src/protocol/index.ts'

const WORDS = 4
const VALUES = 3

/** One thing that a thread does; words are counted from the first. */
type Do =
  | { readonly kind: 'set' | 'wait' | 'check' | 'take'; readonly at: number; readonly value: number }
  | { readonly kind: 'copy' | 'follow' | 'add'; readonly at: number; readonly to: number }
  | { readonly kind: 'pick'; readonly at: number }
  | { readonly kind: 'if'; readonly at: number; readonly one: readonly Do[]; readonly other: readonly Do[] }

interface RandomThread {
  readonly code: readonly Do[]
  readonly cpu: number
}

export interface RandomShape {
  readonly threads: readonly RandomThread[]
  /** An interrupt that sets one word when another holds a value, as often as it does. */
  readonly daemon: { readonly when: number; readonly value: number; readonly to: number } | undefined
  readonly preemptions: number
  /** Words that must never hold equal values other than 0; without it, the checks of the threads say what is wrong. */
  readonly never: readonly [number, number] | undefined
}

const word = fc.nat(WORDS - 1)
const value = fc.nat(VALUES - 1)

const simple: fc.Arbitrary<Do> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set', 'wait', 'check', 'take'), at: word, value }),
  fc.record({ kind: fc.constantFrom('copy', 'follow', 'add'), at: word, to: word }),
  fc.record({ kind: fc.constant('pick'), at: word }),
)
const branching: fc.Arbitrary<Do> = fc.record({
  kind: fc.constant('if'),
  at: word,
  one: fc.array(simple, { maxLength: 2 }),
  other: fc.array(simple, { maxLength: 2 }),
})

export const shapes: fc.Arbitrary<RandomShape> = fc.record({
  threads: fc.array(
    fc.record({
      code: fc.array(fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: branching }), {
        maxLength: 4,
      }),
      cpu: fc.nat(2),
    }),
    { minLength: 2, maxLength: 3 },
  ),
  daemon: fc.option(fc.record({ when: word, value, to: word }), { nil: undefined }),
  preemptions: fc.constantFrom(0, 0, 0, 1),
  never: fc.option(fc.tuple(word, word), { nil: undefined }),
})

export function protocolOf({ threads, daemon, preemptions, never }: RandomShape): Protocol {
  const p = new Protocol('random', { preemptions })
  const words = p.word('words', 0, WORDS)
  const set = p.step('set', (S, at, to) => void (S[words + at] = to))
  const wait = p.step('wait', () => {}, { when: (S, at, to) => S[words + at] === to })
  const take = p.step('take', (S, at) => void (S[words + at] = (S[words + at] + 1) % VALUES), {
    when: (S, at, to) => S[words + at] !== to,
  })
  const check = p.step('check', (S, at, to) => {
    if (S[words + at] === to && never === undefined) p.violate(`word-${at}`, `It is ${to}.`)
  })
  const copy = p.step('copy', (S, at, to) => void (S[words + to] = S[words + at]))
  const follow = p.step('follow', (S, at, to) => void (S[words + to] = S[words + (S[words + at] % WORDS)]))
  const add = p.step(
    'add',
    (S, at, to) => void (S[words + at] > 0 && (S[words + to] = (S[words + to] + S[words + at]) % VALUES)),
  )
  const load = p.step('load', (S, at) => S[words + at], { results: VALUES })
  const interrupt = p.step(
    'interrupt',
    (S, _when, to) => void (S[words + to] = (S[words + to] + 1) % VALUES),
    {
      when: (S, when) => S[words + when] === daemon!.value,
    },
  )
  threads.forEach(({ code, cpu }, i) => p.thread(`thread ${i}`, () => run(code), cpu))
  if (daemon !== undefined) p.daemon('daemon', () => interrupt(daemon.when, daemon.to), 0)
  if (never !== undefined) {
    const [x, y] = never
    p.never('never-equal', (S) => S[words + x] !== 0 && S[words + x] === S[words + y])
  }
  return p

  function* run(code: readonly Do[]): Code {
    for (const it of code) {
      switch (it.kind) {
        case 'set':
          yield* set(it.at, it.value)
          break
        case 'wait':
          yield* wait(it.at, it.value)
          break
        case 'take':
          yield* take(it.at, it.value)
          break
        case 'check':
          yield* check(it.at, it.value)
          break
        case 'copy':
          yield* copy(it.at, it.to)
          break
        case 'follow':
          yield* follow(it.at, it.to)
          break
        case 'add':
          yield* add(it.at, it.to)
          break
        case 'pick':
          yield* set(it.at, yield* p.pick(VALUES))
          break
        default:
          yield* run((yield* load(it.at)) === 1 ? it.one : it.other)
      }
    }
  }
}
