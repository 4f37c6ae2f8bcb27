/**
 * The machine of the naive race as plain objects: frames, one page table, CPUs with what they cache, and the checks
 * that can fire in the seed workload. What that workload cannot reach is left out: a second address space, large pages,
 * stores, deeper tables.
 */

/** A frame; `freed` counts how often it was given back, so that whoever remembers a count can tell. */
export interface Frame {
  owner: 'table' | 'page' | 'nobody'
  references: number
  freed: number
}

export interface Table extends Frame {
  pte: { readonly page: Frame } | null
}

/** A cached translation, or the pointer of a walk, with what flushes have to do with it. */
export interface Cached<F extends Frame> {
  readonly frame: F
  readonly freed: number
  /** A flush that is on its way should remove it; that flush has completed. */
  due: boolean
  condemned: boolean
}

export interface Cpu {
  readonly id: number
  interrupts: boolean
  /** Not preempted. */
  running: boolean
  /** In an interrupt handler, in a hypercall, between two steps of one access, or through with its operations. */
  handling: boolean
  inHost: boolean
  inAccess: boolean
  finished: boolean
  /** VM exits so far: an access that spans one begins again. */
  exits: number
  tlb: Cached<Frame> | null
  structures: Cached<Table> | null
  latch: Cached<Frame> | null
}

export interface Memory {
  readonly page: Frame
  readonly table: Table
  pmd: { readonly table: Table } | null
  readonly cpus: readonly Cpu[]
}

const makeFrame = (owner: Frame['owner']): Frame => ({ owner, references: 1, freed: 0 })

const makeCpu = (id: number): Cpu => ({
  id,
  interrupts: true,
  running: true,
  handling: false,
  inHost: false,
  inAccess: false,
  finished: false,
  exits: 0,
  tlb: null,
  structures: null,
  latch: null,
})

export function makeMemory(): Memory {
  const page = makeFrame('page')
  const table: Table = { ...makeFrame('table'), pte: { page } }
  return { page, table, pmd: { table }, cpus: [makeCpu(0), makeCpu(1)] }
}

export const cached = <F extends Frame>(to: F): Cached<F> => ({
  frame: to,
  freed: to.freed,
  due: false,
  condemned: false,
})

export function release(frame: Frame): void {
  frame.owner = 'nobody'
  frame.freed++
}

export function put(frame: Frame): void {
  if (frame.owner !== 'page' || frame.references === 0) throw new Error('bad free')
  if (--frame.references === 0) release(frame)
}

/** Checks a table before it is handed back. */
export function checkTable(table: Table): void {
  if (table.owner !== 'table') throw new Error('bad free')
}

/** A walk, of software or hardware, reads the table that it was led to. */
export function inspect(led: Cached<Table>): void {
  if (led.frame.owner !== 'table' || led.frame.freed !== led.freed) throw new Error('use after free: table')
}

/** An access goes through a translation. */
export function use(memory: Memory, entry: Cached<Frame>): void {
  if (entry.frame.freed !== entry.freed) throw new Error('use after free: page')
  if (entry.condemned && contradicted(memory, entry)) throw new Error('stale translation')
}

/** A VM exit: the instruction in flight is discarded. */
export function exit(cpu: Cpu): void {
  cpu.exits++
  cpu.inAccess = false
  cpu.latch = null
}

/** Removes what a CPU caches. */
export function flush(cpu: Cpu): void {
  cpu.tlb = null
  cpu.structures = null
  exit(cpu)
}

const contradicted = (memory: Memory, entry: Cached<Frame>): boolean =>
  memory.pmd?.table.pte?.page !== entry.frame

/** A flush begins: what the tables contradict has to go. */
export function flushBegins(memory: Memory): void {
  for (const { tlb, latch, structures } of memory.cpus) {
    for (const entry of [tlb, latch]) if (entry !== null && contradicted(memory, entry)) entry.due = true
    if (structures !== null && structures.frame !== memory.pmd?.table) structures.due = true
  }
}

/** The flush is over: what has not gone may not be used any more. */
export function flushDone(memory: Memory): void {
  for (const { tlb, latch, structures } of memory.cpus) {
    for (const entry of [tlb, latch, structures]) if (entry?.due === true) entry.condemned = true
  }
}
