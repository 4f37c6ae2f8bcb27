/** The operations that guest workloads are made of. To add one: write its file, add its row. */
import { lookup } from '../../engine/lookup.ts'
import type { Code } from '../../engine/step.ts'
import type { AnyCpu, Cpu } from '../cpu.ts'
import { read, write } from './access.ts'
import { collapse } from './collapse.ts'
import { gupFast } from './gup-fast.ts'
import { mprotect } from './mprotect.ts'
import { munmap } from './munmap.ts'
import { reclaim } from './reclaim.ts'
import { reuse } from './reuse.ts'
import { lazyTlb, switchMm } from './switching.ts'

/** What an operation is about: one page, the whole region of a table, or nothing in particular. */
export type Subject = 'page' | 'region' | 'none'

export interface GuestOperation {
  readonly summary: string
  readonly subject: Subject
  /** `space` is the address space that the CPU has loaded when the operation begins. */
  code(cpu: Cpu, page: number, space: number): Code
  /**
   * What the kernel has to keep track of for it: lazy CPUs; mm_cpumask, because the operation goes to the other address
   * space (`switching`), or because it changes the mask and stays (`cpumask`); the other address space, because it works
   * on that one's tables from its own (`spaces`).
   */
  readonly needs?: 'lazy' | 'switching' | 'cpumask' | 'spaces'
}

/** An operation that only one policy has. */
export interface PolicyOperation {
  readonly summary: string
  /** What it is about. Default: nothing in particular. */
  readonly subject?: Subject
  /** `space` is the address space that the CPU has loaded; it is the other one afterwards if it needs switching. */
  run(cpu: AnyCpu, page: number, space: number): Code<number | void>
  readonly needs?: GuestOperation['needs']
  /**
   * `load`: drawn into workloads like every guest operation; the default if it is about a page or a region. `once`: a
   * part of what is tried out, such as turning a static key: a workload has it once at most, in addition to its load.
   */
  readonly as?: 'load' | 'once'
}

export const guestOperations = lookup<GuestOperation>({
  munmap: { summary: 'unmap a page, and its table with the last one', subject: 'page', code: munmap },
  gup_fast: { summary: 'pin a page by a walk without locks', subject: 'page', code: gupFast },
  read: { summary: 'user-mode read', subject: 'page', code: read },
  write: { summary: 'user-mode write', subject: 'page', code: write },
  mprotect: { summary: 'write-protect a page', subject: 'page', code: mprotect },
  reclaim: { summary: 'reclaim a page, then its empty table', subject: 'page', code: reclaim },
  collapse: { summary: 'collapse the pages of a table into a large one', subject: 'region', code: collapse },
  reuse: { summary: 'another owner takes a freed frame', subject: 'none', code: reuse },
  lazy_tlb: {
    summary: 'run a kernel thread in lazy-TLB mode and come back',
    subject: 'none',
    code: (cpu, _page, space) => lazyTlb(cpu, space),
    needs: 'lazy',
  },
  switch_mm: {
    summary: 'switch to the other address space',
    subject: 'none',
    code: (cpu, _page, space) => switchMm(cpu, 1 - space, space),
    needs: 'switching',
  },
})

/** What is asked of a policy here. */
interface WithOperations {
  readonly operations?: Readonly<Record<string, PolicyOperation>>
  readonly workload?: readonly string[]
}

/** The names of a policy's workloads, in the order of their size as counterexamples go. */
export const operationNames = ({ operations = {}, workload }: WithOperations): string[] =>
  [...Object.keys(guestOperations), ...Object.keys(operations)].filter(
    (name) => workload === undefined || workload.includes(name),
  )

/** A guest operation, or one that the policy brings along. */
export function operationNamed(
  { operations = {} }: WithOperations,
  name: string,
): GuestOperation | PolicyOperation | undefined {
  if (Object.hasOwn(guestOperations, name)) return guestOperations[name]
  return Object.hasOwn(operations, name) ? operations[name] : undefined
}

/** True for an operation that workloads have once at most, in addition to their load. */
export function isOnce({ operations = {} }: WithOperations, name: string): boolean {
  if (!Object.hasOwn(operations, name)) return false
  const { as, subject = 'none' } = operations[name]
  return (as ?? (subject === 'none' ? 'once' : 'load')) === 'once'
}
