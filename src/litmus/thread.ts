/**
 * A thread of a litmus test as the program of a CPU: registers are locals, and what is left in them is its result. Where
 * it could read so much that its histories are too many to be followed ahead, it declares the registers that still matter
 * before each read, so that histories which leave the same in them are one.
 */
import { checkpoint, type Code } from '../engine/step.ts'
import type { Word } from '../machine/word.ts'
import type { X86 } from '../machine/x86.ts'
import type { Instruction, Operand } from './instructions.ts'
import type { Values } from './values.ts'

/** What CMPXCHG compares with. */
const ACCUMULATOR = 'RAX'
/** Histories of a thread up to here are followed ahead. */
const MANY = 2000

export class Thread {
  private readonly program: readonly Instruction[]
  private readonly observed: readonly string[]
  private readonly initial: (register: string) => number
  private readonly values: Values
  /** By instruction: the registers whose value there is read later, or observed; nothing where histories are few. */
  private readonly live: readonly (readonly string[])[]
  /** What can be left in the observed registers, by the number that the program returns for it. */
  private readonly ends: (readonly number[])[] = []
  private readonly numbers = new Map<string, number>()

  /** Values are numbers of `values`; `observed` names the registers that matter in the end. */
  constructor(
    program: readonly Instruction[],
    observed: readonly string[],
    initial: (register: string) => number,
    values: Values,
  ) {
    this.program = program
    this.observed = observed
    this.initial = initial
    this.values = values
    const histories = values.count ** program.filter(readsMemory).length
    this.live = histories > MANY ? liveBefore(program, observed) : []
  }

  /** The code of the thread. */
  *run(cpu: X86, words: Readonly<Record<string, Word>>): Code<number> {
    const registers = new Map<string, number>()
    const { initial, values } = this
    const held = (name: string): number => registers.get(name) ?? initial(name)
    function* read(from: Operand): Code<number> {
      if (from.kind === 'immediate') return values.numberOf(from.value)
      return from.kind === 'register' ? held(from.name) : yield* cpu.load(words[from.location])
    }
    for (const [i, instruction] of this.program.entries()) {
      const live = readsMemory(instruction) ? this.live[i] : undefined
      if (live !== undefined) yield* checkpoint(`instruction ${i}`, ...live.map(held))
      if (instruction.kind === 'mfence') yield* cpu.mfence()
      else if (instruction.kind === 'mov') {
        const { to } = instruction
        const value = yield* read(instruction.from)
        if (to.kind === 'memory') yield* cpu.store(words[to.location], value)
        else if (to.kind === 'register') registers.set(to.name, value)
      } else if (instruction.kind === 'locked') {
        const { op, location, operand } = instruction
        const word = words[location]
        const value = yield* read(operand)
        if (op === 'add') yield* cpu.fetchAdd(word, value)
        else if (op === 'or') yield* cpu.fetchOr(word, value)
        else if (op === 'and') yield* cpu.fetchAnd(word, value)
        else if (op === 'cmpxchg')
          registers.set(ACCUMULATOR, yield* cpu.cmpxchg(word, held(ACCUMULATOR), value))
        else if (operand.kind === 'register') registers.set(operand.name, yield* cpu.fetchAdd(word, value))
      } else {
        const { register, other } = instruction
        const value = held(register)
        if (other.kind === 'memory') registers.set(register, yield* cpu.xchg(words[other.location], value))
        else if (other.kind === 'register') {
          registers.set(register, held(other.name))
          registers.set(other.name, value)
        }
      }
    }
    return this.numberOf(this.observed.map(held))
  }

  /** What a result says is left in the observed registers. */
  left(result: number): [register: string, value: number][] {
    return this.observed.map((name, i) => [name, this.ends[result][i]])
  }

  private numberOf(end: readonly number[]): number {
    const key = end.join(',')
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const number = this.ends.push(end) - 1
    this.numbers.set(key, number)
    return number
  }
}

const readsMemory = (instruction: Instruction): boolean =>
  instruction.kind === 'locked' ||
  (instruction.kind === 'mov' && instruction.from.kind === 'memory') ||
  (instruction.kind === 'xchg' && instruction.other.kind === 'memory')

/** The registers that matter before each instruction, found from the end of the program backwards. */
function liveBefore(program: readonly Instruction[], observed: readonly string[]): string[][] {
  const live = new Set(observed)
  const before: string[][] = []
  for (const instruction of program.toReversed()) {
    if (instruction.kind === 'mov') {
      const { to, from } = instruction
      const matters = to.kind === 'memory' || (to.kind === 'register' && live.delete(to.name))
      if (matters && from.kind === 'register') live.add(from.name)
    } else if (instruction.kind === 'locked') {
      const { op, operand } = instruction
      if (op === 'cmpxchg') live.add(ACCUMULATOR)
      if (operand.kind === 'register') live.add(operand.name)
    } else if (instruction.kind === 'xchg') {
      const { register, other } = instruction
      if (other.kind === 'memory') live.add(register)
      else if (other.kind === 'register' && live.has(register) !== live.has(other.name)) {
        const [from, to] = live.has(register) ? [other.name, register] : [register, other.name]
        live.delete(to)
        live.add(from)
      }
    }
    before.push([...live].toSorted())
  }
  return before.toReversed()
}
