/** Words of memory as guest code and policies name them. */
import { fail } from '../errors.ts'
import type { Layout } from '../engine/layout.ts'

export interface Word {
  /** Where it lies. */
  readonly at: number
  /** The largest value it can hold. */
  readonly max: number
  readonly name: string
}

/** How a policy declares a variable of its own. */
export interface SharedDeclaration {
  readonly kind: 'one' | 'per-cpu'
  readonly max: number
  readonly initial: number
}

/** A policy's variable: one word, or one word a CPU. */
export interface SharedWords {
  /** The word of a CPU, or the only one. */
  of(cpu?: number): Word
}

/** Results are told apart only where there are few of them; more are followed as they come. */
export const resultsOf = (w: { readonly max: number }): number => (w.max < 8 ? w.max + 1 : 0)

export const word = (at: number, max: number, name: string): Word => ({ at, max, name })

/** A variable of which every CPU has its own copy, holding 0 .. max. */
export const perCpu = (
  options: { max?: number; initial?: number } = {},
): SharedDeclaration & { readonly kind: 'per-cpu' } => declare('per-cpu', options)
/** A variable that all CPUs share, holding 0 .. max. */
export const variable = (
  options: { max?: number; initial?: number } = {},
): SharedDeclaration & { readonly kind: 'one' } => declare('one', options)

function declare<const K extends SharedDeclaration['kind']>(
  kind: K,
  { max = 1, initial = 0 }: { max?: number; initial?: number },
): SharedDeclaration & { readonly kind: K } {
  if (!Number.isSafeInteger(max) || max < 1 || max > 0xffff)
    throw fail.badConfig('max of a shared variable', max, 'a whole number from 1 to 65535')
  if (!Number.isSafeInteger(initial) || initial < 0 || initial > max) {
    throw fail.badConfig('initial value of a shared variable', initial, `a whole number from 0 to ${max}`)
  }
  return { kind, max, initial }
}

/** Lays out the variables of a policy. */
export function policyWords(
  layout: Layout,
  vcpus: number,
  declared: Record<string, SharedDeclaration>,
): Record<string, SharedWords> {
  return Object.fromEntries(
    Object.entries(declared).map(([name, { kind, max }]) => {
      const count = kind === 'one' ? 1 : vcpus
      const at = layout.add(name, count, max)
      const words = Array.from({ length: count }, (_, i) =>
        word(at + i, max, kind === 'one' ? name : `${name}[${i}]`),
      )
      const of = (cpu = 0): Word => {
        const found = words[kind === 'one' ? 0 : cpu]
        if (found === undefined) throw fail.badConfig(`${name}.of(cpu)`, cpu, `a CPU from 0 to ${vcpus - 1}`)
        return found
      }
      return [name, { of }]
    }),
  )
}
