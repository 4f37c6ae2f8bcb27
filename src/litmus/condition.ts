/**
 * The condition of a litmus test: a predicate over final registers and locations, and how it is quantified. The verdict
 * is about the bare predicate; the quantifier is what the author of the test claims.
 */
import { registerNamed } from './registers.ts'
import { NUMBER, numberOf, type Text } from './text.ts'

/** What can be observed at the end: `1:RAX` or `[x]`. */
export type Key = string

export const keyOfRegister = (thread: number, register: string): Key => `${thread}:${register}`
export const keyOfLocation = (location: string): Key => `[${location}]`

export type Predicate =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'is'; readonly key: Key; readonly value: bigint }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'and' | 'or' | 'implies'; readonly left: Predicate; readonly right: Predicate }

export type Quantifier = 'exists' | '~exists' | 'forall'

export interface Condition {
  readonly quantifier: Quantifier
  readonly predicate: Predicate
}

/** Says whether a final state satisfies a predicate; `holds` says what is left in a register or location. */
export function satisfies(predicate: Predicate, holds: (key: Key, value: bigint) => boolean): boolean {
  switch (predicate.kind) {
    case 'constant':
      return predicate.value
    case 'is':
      return holds(predicate.key, predicate.value)
    case 'not':
      return !satisfies(predicate.of, holds)
    case 'and':
      return satisfies(predicate.left, holds) && satisfies(predicate.right, holds)
    case 'or':
      return satisfies(predicate.left, holds) || satisfies(predicate.right, holds)
    default:
      return !satisfies(predicate.left, holds) || satisfies(predicate.right, holds)
  }
}

/** Everything that a predicate looks at. */
export function keysOf(predicate: Predicate): Key[] {
  switch (predicate.kind) {
    case 'constant':
      return []
    case 'is':
      return [predicate.key]
    case 'not':
      return keysOf(predicate.of)
    default:
      return [...keysOf(predicate.left), ...keysOf(predicate.right)]
  }
}

/** A register or a location: `1:EAX`, `P1:EAX`, `x`, `[x]`, `*x`. */
export function takeKey(text: Text): Key {
  const register = text.take(/P?(\d+)\s*:\s*(%?\w+)/)
  if (register !== undefined) {
    const named = registerNamed(register[2])
    if (named === undefined)
      throw text.wrong(`"${register[2]}" is no general register; expected EAX, %rax, R8D and the like`)
    return keyOfRegister(Number(register[1]), named.name)
  }
  const bracketed = text.take(/\[\s*([A-Za-z_]\w*)\s*\]/)
  if (bracketed !== undefined) return keyOfLocation(bracketed[1])
  return keyOfLocation(
    text.expect(/\*?([A-Za-z_]\w*)/, 'a register such as 0:EAX or a location such as [x]')[1],
  )
}

const binary =
  (kind: 'and' | 'or' | 'implies', sign: RegExp, operand: (text: Text) => Predicate) =>
  (text: Text): Predicate => {
    let left = operand(text)
    while (text.take(sign) !== undefined) left = { kind, left, right: operand(text) }
    return left
  }

/** `not` binds closest, then `/\`, `\/` and `=>`. */
export const takePredicate = (text: Text): Predicate => implication(text)
const conjunction = binary('and', /\/\\|&&/, takeFactor)
const disjunction = binary('or', /\\\/|\|\|/, conjunction)
const implication = binary('implies', /=>/, disjunction)

function takeFactor(text: Text): Predicate {
  if (text.take(/not\b|~|!/) !== undefined) return { kind: 'not', of: takeFactor(text) }
  if (text.take(/\(/) !== undefined) {
    const inner = takePredicate(text)
    text.expect(/\)/, '")", "/\\" or "\\/"')
    return inner
  }
  const constant = text.take(/(true|false)\b/)
  if (constant !== undefined) return { kind: 'constant', value: constant[1] === 'true' }
  const key = takeKey(text)
  const sign = text.expect(/==?|!=|<>/, '"=" or "!="')[0]
  const value = numberOf(text.expect(NUMBER, 'a number; addresses as values are not supported')[0])
  const is: Predicate = { kind: 'is', key, value }
  return sign.startsWith('=') ? is : { kind: 'not', of: is }
}
