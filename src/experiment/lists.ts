/**
 * What the programs of an experiment return. A state keeps one small number a CPU; a list is kept as its place among
 * the lists seen so far, which changes nothing for equality: equal lists have the same place.
 */
import type { Code } from '../engine/step.ts'

/** What a program may return as its part of the outcome: a number, true or false (1 or 0), or several of them. */
export type Result = number | boolean | readonly (number | boolean)[] | void

/** A result from here on is a place among the lists. */
const FIRST_LIST = 2 ** 30

export class Lists {
  private readonly lists: (readonly number[])[] = []
  private readonly places = new Map<string, number>()

  /** The same code, returning one number. What is no generator or no result is passed on, to be named where it is used. */
  returnedBy(code: Code<Result>): Code<number | void> {
    return typeof code?.next === 'function' ? this.encoded(code) : (code as Code)
  }

  private *encoded(code: Code<Result>): Code<number | void> {
    const result = yield* code
    const list = typeof result === 'object' ? result.map(Number) : [Number(result ?? 0)]
    const plain = typeof result !== 'object' && list[0] >= 0 && list[0] < FIRST_LIST
    if (plain || typeof result === 'string' || list.some((value) => (value | 0) !== value))
      return result as number
    const key = list.join(',')
    const place = this.places.get(key) ?? this.lists.push(list) - 1
    this.places.set(key, place)
    return FIRST_LIST + place
  }

  /** What a program returned, as the numbers that it stands for. */
  of(result: number): readonly number[] {
    return result < FIRST_LIST ? [result] : this.lists[result - FIRST_LIST]
  }
}
