/**
 * Litmus tests in herd's formats X86 and X86_64 (Alglave, Maranget et al., "Litmus: Running Tests Against Hardware"):
 * a name, what registers and memory hold at the start, a program for each thread, and conditions on how it ends.
 */
import {
  keysOf,
  takeKey,
  takePredicate,
  type Condition,
  type Key,
  type Predicate,
  type Quantifier,
} from './condition.ts'
import { instructionOf, type Architecture, type Instruction } from './instructions.ts'
import { NUMBER, Text, numberOf } from './text.ts'

export interface LitmusTest {
  readonly file: string
  readonly name: string
  readonly architecture: Architecture
  /** What registers and locations hold at the start, where it is not 0. */
  readonly initial: ReadonlyMap<Key, bigint>
  /** Numbers of the threads, as conditions name them, with their programs. */
  readonly threads: readonly { readonly number: number; readonly program: readonly Instruction[] }[]
  /** At least one; the first is the one that the verdict is about. */
  readonly conditions: readonly Condition[]
  /** Final states that do not satisfy it do not count. */
  readonly filter: Predicate | undefined
  /** What the test wants to be shown: what its conditions and its `locations` name, in that order. */
  readonly shown: readonly Key[]
}

/** Reads a test; `file` is named in complaints. */
export function parseLitmus(file: string, raw: string): LitmusTest {
  const text = Text.of(file, raw)
  const [, architecture, name] = text.expect(/(\w+)[ \t]+(\S+)/, 'an architecture and the name of the test')
  if (architecture !== 'X86' && architecture !== 'X86_64')
    throw text.wrong(`the architecture is ${architecture}, expected X86 or X86_64`)
  // Titles, `Prefetch=` and the like, up to the initial state.
  while (text.take(/"[^"\n]*"|[^{]/) !== undefined) continue
  const initial = takeInitial(text)
  const threads = takeThreads(text, architecture)
  const end = takeEnd(text)
  const numbers = new Set(threads.map(({ number }) => number))
  for (const key of [...initial.keys(), ...end.shown]) {
    const thread = /^(\d+):/.exec(key)?.[1]
    if (thread !== undefined && !numbers.has(Number(thread)))
      throw text.wrong(`"${key}" is a register of thread ${thread}, but there is no P${thread}`)
  }
  return { file, name, architecture, initial, threads, ...end }
}

/** `{ x=1; [y]=2; int z = 3; 0:EAX=4; }` */
function takeInitial(text: Text): Map<Key, bigint> {
  text.expect(/\{/, 'the initial state in braces')
  const initial = new Map<Key, bigint>()
  const body = text.upTo('}', 'the initial state')
  const inner = new Text(text.file, text.text.slice(0, body.from + body.text.length))
  for (inner.at = body.from; !inner.ended;) {
    if (inner.take(/;/) !== undefined) continue
    // A type says nothing that matters here.
    inner.take(/(?:[A-Za-z_]\w*\s+)+(?=[A-Za-z_[\d])/)
    const key = takeKey(inner)
    if (inner.take(/=/) !== undefined) {
      const value = inner.expect(NUMBER, 'a number; addresses in registers are not supported')[0]
      initial.set(key, numberOf(value))
    }
    if (!inner.ended) inner.expect(/;/, '";" or "}"')
  }
  text.take(/;/)
  return initial
}

const CLAUSE = /(?=(?:~\s*exists|not\s+exists|exists|forall|final|locations|filter|observed)\b)/

/** The rows of the program: `P0 | P1 ;`, then one instruction or none of each thread in a row. */
function takeThreads(text: Text, architecture: Architecture): LitmusTest['threads'] {
  const head = takeRow(text)
  const threads = head.map(({ text: cell, from }) => {
    const number = /^P(\d+)$/.exec(cell)?.[1]
    if (number === undefined)
      throw text.wrong(`found "${cell}", expected the name of a thread such as P0`, from)
    return { number: Number(number), program: [] as Instruction[] }
  })
  while (text.take(CLAUSE) === undefined) {
    if (text.ended) throw text.wrong('the file ends without a condition, expected exists, ~exists or forall')
    const row = takeRow(text)
    if (row.length > threads.length)
      throw text.wrong(`the row has ${row.length} columns, expected ${threads.length}`, row[0].from)
    row.forEach(({ text: cell, from }, i) => {
      if (cell === '') return
      const instruction = instructionOf(cell, architecture, (problem) => text.wrong(problem, from))
      if (instruction !== undefined) threads[i].program.push(instruction)
    })
  }
  return threads
}

/** The cells of a row, and where each stands. */
function takeRow(text: Text): { text: string; from: number }[] {
  text.skipBlanks()
  const row = text.upTo(';', 'the row')
  let { from } = row
  return row.text.split('|').map((cell) => {
    const begin = from + (cell.length - cell.trimStart().length)
    from += cell.length + 1
    return { text: cell.trim(), from: begin }
  })
}

/** What comes after the program. */
function takeEnd(text: Text): Pick<LitmusTest, 'conditions' | 'filter' | 'shown'> {
  const conditions: Condition[] = []
  const shown = new Set<Key>()
  const named: Key[] = []
  let filter: Predicate | undefined
  while (!text.ended) {
    if (text.take(/(?:locations|observed)\b/) !== undefined) named.push(...takeLocations(text))
    else if (text.take(/filter\b/) !== undefined) filter = takePredicate(text)
    else if (text.take(/final\b/) !== undefined) {
      const predicate = takePredicate(text)
      conditions.push({ quantifier: takeModels(text), predicate })
    } else conditions.push({ quantifier: takeQuantifier(text), predicate: takePredicate(text) })
    text.take(/;/)
  }
  if (conditions.length === 0) throw text.wrong('there is no condition, expected exists, ~exists or forall')
  for (const { predicate } of conditions) for (const key of keysOf(predicate)) shown.add(key)
  if (filter !== undefined) for (const key of keysOf(filter)) shown.add(key)
  for (const key of named) shown.add(key)
  return { conditions, filter, shown: [...shown] }
}

function takeQuantifier(text: Text): Quantifier {
  const found = text.expect(
    /(~\s*exists|not\s+exists|exists|forall)\b/,
    'exists, ~exists, forall, final, locations or filter',
  )[1]
  return found === 'forall' ? 'forall' : found === 'exists' ? 'exists' : '~exists'
}

/** `[x; 0:EAX;]` */
function takeLocations(text: Text): Key[] {
  text.expect(/\[/, '"[" and the locations')
  const keys: Key[] = []
  while (text.take(/\]/) === undefined) {
    if (text.take(/;/) !== undefined) continue
    keys.push(takeKey(text))
    // Its type, where one is given.
    text.take(/[A-Za-z_]\w*\s*(?=[;\]])/)
  }
  return keys
}

/** `with tso: ~exists; cc: exists; default: ~exists;`: the claim for x86-TSO, or the default. */
function takeModels(text: Text): Quantifier {
  text.take(/;/)
  if (text.take(/with\b/) === undefined) return 'exists'
  const claims = new Map<string, Quantifier>()
  for (let model = text.take(/(\w+)\s*:/); model !== undefined; model = text.take(/(\w+)\s*:/)) {
    claims.set(model[1], takeQuantifier(text))
    text.take(/;/)
  }
  return claims.get('tso') ?? claims.get('default') ?? 'exists'
}
