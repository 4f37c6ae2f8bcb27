/**
 * Instructions of litmus tests, in Intel form (X86: destination first, memory as `[x]`) or AT&T form (X86_64: source
 * first, memory as `(x)`, registers with `%`): moves, exchanges, fences, and locked operations on memory. Addresses are
 * names, flags and jumps are left out.
 */
import type { ShootdownError } from '../errors.ts'
import { registerNamed } from './registers.ts'
import { NUMBER, numberOf } from './text.ts'

export type Bits = 8 | 16 | 32 | 64

export type Operand =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'memory'; readonly location: string }
  | { readonly kind: 'immediate'; readonly value: bigint }

export type Instruction =
  | { readonly kind: 'mov'; readonly to: Operand; readonly from: Operand; readonly bits: Bits }
  | { readonly kind: 'xchg'; readonly register: string; readonly other: Operand; readonly bits: Bits }
  | {
      readonly kind: 'locked'
      readonly op: LockedOp
      readonly location: string
      /** A register, or a number. */
      readonly operand: Operand
      readonly bits: Bits
    }
  | { readonly kind: 'mfence' }

/** What a locked instruction does to memory; the last two leave the old value in a register. */
export type LockedOp = 'add' | 'or' | 'and' | 'xadd' | 'cmpxchg'

export type Architecture = 'X86' | 'X86_64'

const SUFFIXES: Readonly<Record<string, Bits>> = { b: 8, w: 16, l: 32, q: 64 }
const MNEMONIC = /^(mov|xchg|add|sub|inc|dec|or|and|xadd|cmpxchg)([bwlq]?)$/
/** They order nothing that x86-TSO has not ordered already. */
const IDLE = new Set(['nop', 'lfence', 'sfence'])

/** The instruction in a cell, or undefined if it does nothing that can be seen. */
export function instructionOf(
  cell: string,
  architecture: Architecture,
  wrong: (problem: string) => ShootdownError,
): Instruction | undefined {
  const [, prefix, mnemonic, rest] = /^(lock\s+)?(\S+)\s*(.*)$/is.exec(cell)!
  const name = mnemonic.toLowerCase()
  if (name === 'mfence') return { kind: 'mfence' }
  if (IDLE.has(name)) return undefined
  const known = MNEMONIC.exec(name)
  const plain = known?.[1] === 'mov'
  if (known === null || (plain ? prefix !== undefined : prefix === undefined && known[1] !== 'xchg'))
    throw wrong(
      `"${cell}" is not supported; expected mov, xchg, mfence, lfence, sfence, nop, or with lock add, sub, inc, dec, or, and, xadd, cmpxchg`,
    )
  const step = { inc: 1n, dec: -1n }[known[1]]
  const texts = rest.split(',').map((text) => text.trim())
  const operandCount = step === undefined ? 2 : 1
  if (texts.length !== operandCount || texts.includes(''))
    throw wrong(`"${cell}" should have ${operandCount === 1 ? 'one operand' : 'two operands'}`)
  const sizes = new Set<Bits>(known[2] === '' ? [] : [SUFFIXES[known[2]]])
  const operands = texts.map((text) => {
    const register = registerNamed(text)
    if (register !== undefined) sizes.add(register.bits)
    return operandOf(text, architecture, wrong)
  })
  if (sizes.size > 1) throw wrong(`"${cell}" mixes operands of ${[...sizes].join(' and ')} bits`)
  const bits = [...sizes][0] ?? 32
  if (step !== undefined)
    operands.splice(architecture === 'X86' ? 1 : 0, 0, { kind: 'immediate', value: step })
  const [to, from] = architecture === 'X86' ? operands : operands.toReversed()
  if (to.kind === 'memory' && from.kind === 'memory') throw wrong(`"${cell}" has two operands in memory`)
  if (to.kind === 'immediate' || (known[1] === 'xchg' && from.kind === 'immediate'))
    throw wrong(`"${cell}" stores to a number`)
  if (plain) return { kind: 'mov', to, from, bits }
  if (known[1] !== 'xchg') return locked(cell, known[1], to, from, bits, wrong)
  // One of the two is a register, and which one comes first makes no difference.
  return to.kind === 'register'
    ? { kind: 'xchg', register: to.name, other: from, bits }
    : { kind: 'xchg', register: (from as { name: string }).name, other: to, bits }
}

/** A locked instruction on memory. */
function locked(
  cell: string,
  name: string,
  to: Operand,
  from: Operand,
  bits: Bits,
  wrong: (problem: string) => ShootdownError,
): Instruction {
  if (to.kind !== 'memory') throw wrong(`"${cell}" is locked, but does not store to memory`)
  const { location } = to
  if (name === 'sub') {
    if (from.kind !== 'immediate') throw wrong(`"${cell}" is not supported; expected a number to subtract`)
    return { kind: 'locked', op: 'add', location, operand: { ...from, value: -from.value }, bits }
  }
  if ((name === 'xadd' || name === 'cmpxchg') && from.kind !== 'register')
    throw wrong(`"${cell}" needs a register`)
  const op = name === 'inc' || name === 'dec' ? 'add' : (name as LockedOp)
  return { kind: 'locked', op, location, operand: from, bits }
}

function operandOf(
  text: string,
  architecture: Architecture,
  wrong: (problem: string) => ShootdownError,
): Operand {
  const register = registerNamed(text)
  if (register !== undefined) return { kind: 'register', name: register.name }
  const immediate = new RegExp(`^\\$?(${NUMBER.source})$`).exec(text)
  if (immediate !== null) return { kind: 'immediate', value: numberOf(immediate[1]) }
  const memory = /^(?:\w+\s+ptr\s*)?[[(]\s*([^\])]*?)\s*[\])]$/i.exec(text)?.[1]
  if (memory !== undefined) {
    if (registerNamed(memory) !== undefined || !/^[A-Za-z_]\w*$/.test(memory))
      throw wrong(`"${text}" is no plain location; addresses in registers and offsets are not supported`)
    return { kind: 'memory', location: memory }
  }
  const form = architecture === 'X86' ? '[x], EAX or 1' : '(x), %eax or $1'
  throw wrong(`"${text}" is no operand of ${architecture}; expected ${form}`)
}
