/**
 * Small random programs over a few flags, as a protocol and as what a naive interpreter runs: what the algorithm says of
 * the one is compared with what brute force says of the other.
 */
import fc from 'fast-check'
import { checkpoint } from '../../src/engine/step.ts'
import { Protocol } from '../../src/protocol/index.ts'

export type Instruction =
  | { readonly do: 'set'; readonly word: number; readonly value: number }
  /** Goes to `to` if the word holds the value: `while (word == value) ;` where it goes to itself. */
  | { readonly do: 'branch'; readonly word: number; readonly value: number; readonly to: number }
  /** Changes the word from 0 to 1, or goes to `to`. */
  | { readonly do: 'trylock'; readonly word: number; readonly to: number }
  /** Waits until the word is 0 and sets it. */
  | { readonly do: 'lock'; readonly word: number; readonly fair: boolean }
  | { readonly do: 'await'; readonly word: number; readonly value: number }
  /** Goes on, or to `to`, as the explorer likes. */
  | { readonly do: 'pick'; readonly to: number }
  | { readonly do: 'advance'; readonly to: number }

/** The instructions of each thread. A thread ends behind its last. */
export type Programs = readonly (readonly Instruction[])[]

export const WORDS = 2

const word = fc.nat({ max: WORDS - 1 })
const value = fc.nat({ max: 1 })

const instruction = (length: number): fc.Arbitrary<Instruction> => {
  const to = fc.nat({ max: length })
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('set' as const), word, value }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('branch' as const), word, value, to }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('trylock' as const), word, to }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('lock' as const), word, fair: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('await' as const), word, value }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pick' as const), to }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), to }) },
  )
}

const thread = fc
  .integer({ min: 1, max: 4 })
  .chain((length) => fc.array(instruction(length), { minLength: length, maxLength: length }))

export const anyPrograms: fc.Arbitrary<Programs> = fc.array(thread, { minLength: 1, maxLength: 3 })

/** The programs as a protocol. */
export function protocolOf(programs: Programs): Protocol {
  const p = new Protocol('random')
  const words = p.word('word', 0, WORDS)
  const set = p.step('set', (S, w, v) => void (S[words + w] = v))
  const holds = p.step('holds', (S, w, v) => (S[words + w] === v ? 1 : 0), { results: 2 })
  const trylock = p.step('trylock', (S, w) => (S[words + w] === 0 ? ((S[words + w] = 1), 1) : 0), {
    results: 2,
  })
  const isFree = (S: Int32Array, w: number): boolean => S[words + w] === 0
  const lock = (fair: boolean) =>
    p.step(fair ? 'fair lock' : 'lock', (S, w) => void (S[words + w] = 1), { when: isFree, fair })
  const locks = [lock(false), lock(true)]
  const until = p.step('await', () => {}, { when: (S, w, v) => S[words + w] === v })
  const advance = p.step('advance', () => {}, { advances: true })
  for (const [i, program] of programs.entries()) {
    p.thread(`T${i}`, function* () {
      let at = 0
      while (at < program.length) {
        yield* checkpoint('at', at)
        const now = program[at++]
        if (now.do === 'set') yield* set(now.word, now.value)
        else if (now.do === 'branch') at = (yield* holds(now.word, now.value)) === 1 ? now.to : at
        else if (now.do === 'trylock') at = (yield* trylock(now.word)) === 1 ? at : now.to
        else if (now.do === 'lock') yield* locks[now.fair ? 1 : 0](now.word)
        else if (now.do === 'await') yield* until(now.word, now.value)
        else if (now.do === 'pick') at = (yield* p.pick(2)) === 1 ? now.to : at
        else {
          yield* advance()
          at = now.to
        }
      }
    })
  }
  return p
}
