/**
 * The values of a litmus test, each a small number for the machine. Where they are only moved around there are as many as
 * are written in the test; where locked instructions compute with them, each value is its own number, up to the largest
 * that can come of it. Where all of them fit the narrowest operand, operand sizes make no difference; otherwise all
 * operands have to be of one size. Left out: accesses to parts of a location, and computing with large or negative values.
 */
import { fail, ShootdownError } from '../errors.ts'
import type { Instruction } from './instructions.ts'
import type { LitmusTest } from './parse.ts'

/** What a word of the machine can hold. */
const LARGEST = 0xffff

export class Values {
  private readonly file: string
  private readonly bits: number
  private readonly all: bigint[] = [0n]
  private readonly numbers = new Map<bigint, number>([[0n, 0]])

  constructor(test: LitmusTest) {
    this.file = test.file
    const instructions = test.threads.flatMap(({ program }) => program)
    const written = [...test.initial.values(), ...instructions.flatMap((each) => immediateOf(each) ?? [])]
    const sizes = instructions.flatMap((instruction) => ('bits' in instruction ? [instruction.bits] : []))
    const narrowest = Math.min(64, ...sizes)
    const fit = written.every((value) => value === BigInt.asUintN(narrowest, value))
    if (!fit && new Set(sizes).size > 1)
      throw fail.litmus(
        test.file,
        1,
        `operands of different sizes together with a value that does not fit ${narrowest} bits are not supported`,
      )
    this.bits = new Set(sizes).size > 1 ? 64 : narrowest
    if (!instructions.some(({ kind }) => kind === 'locked')) {
      for (const value of written) this.learn(this.cut(value))
      return
    }
    const largest = largestOf(test, written)
    if (!fit || largest > LARGEST) throw this.outOfRange()
    for (let value = 0; value <= largest; value++) this.learn(BigInt(value))
  }

  get count(): number {
    return this.all.length
  }

  /** A value as a location or register holds it. */
  cut(value: bigint): bigint {
    return BigInt.asUintN(this.bits, value)
  }

  /** The number that stands for a value that is written in the test. */
  numberOf(value: bigint): number {
    return this.numbers.get(this.cut(value)) ?? Number(value)
  }

  /** The value that a number stands for. */
  at(number: number): bigint {
    return this.all[number]
  }

  /** Runs a search in which no value may leave the range that was foreseen: a subtraction can fall below 0. */
  inRange<T>(search: () => T): T {
    try {
      return search()
    } catch (cause) {
      throw cause instanceof ShootdownError && cause.code === 'valueTooLarge' ? this.outOfRange() : cause
    }
  }

  private outOfRange(): ShootdownError {
    return fail.litmus(this.file, 1, `computing with values below 0 or above ${LARGEST} is not supported`)
  }

  private learn(value: bigint): void {
    if (!this.numbers.has(value)) this.numbers.set(value, this.all.push(value) - 1)
  }
}

/** The number that an instruction brings in. */
function immediateOf(instruction: Instruction): bigint | undefined {
  if (instruction.kind === 'mov' && instruction.from.kind === 'immediate') return instruction.from.value
  if (instruction.kind !== 'locked' || instruction.operand.kind !== 'immediate') return undefined
  const { op, operand } = instruction
  // What is subtracted is no value that anything can have.
  return op === 'add' && operand.value < 0n ? 0n : operand.value
}

/** A bound on all values of a test that computes: every instruction is done once, all additions of numbers first. */
function largestOf(test: LitmusTest, written: readonly bigint[]): number {
  let largest = written.reduce((a, b) => (a > b ? a : b), 1n)
  let doublings = 0n
  for (const instruction of test.threads.flatMap(({ program }) => program)) {
    if (instruction.kind !== 'locked' || instruction.op === 'and' || instruction.op === 'cmpxchg') continue
    const { op, operand } = instruction
    if (op === 'add' && operand.kind === 'immediate') largest += operand.value > 0n ? operand.value : 0n
    else doublings++
  }
  return Number((largest + 1n) * 2n ** doublings - 1n)
}
