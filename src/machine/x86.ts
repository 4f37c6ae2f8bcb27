/**
 * The instructions of one CPU, as code under test executes them: loads and stores, locked operations, interrupt flag,
 * invalidations. Every method is one step or a few; run it with `yield*`. Nothing here knows a kernel: a policy finds
 * these as `cpu.x86`, an experiment is written with nothing else.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import { ACCESS } from './access.ts'
import type { MachineConfig } from './config.ts'
import { CLI, STI } from './interrupts.ts'
import { INVLPG, LOAD_CR3 } from './invalidate.ts'
import { ADD, AND, CHOOSE, CMPXCHG, LOAD, MAX_CHOICES, OR, STORE, UNTIL, XCHG } from './memory.ts'
import { resultsOf, type Word } from './word.ts'

export class X86 {
  /** Number of this CPU. */
  readonly id: number
  readonly config: MachineConfig

  constructor(id: number, config: MachineConfig) {
    this.id = id
    this.config = config
  }

  /** Number of CPUs. */
  get cpus(): number {
    return this.config.vcpus
  }

  /** MOV from memory: loads a word. */
  *load(at: Word): Code<number> {
    return yield* perform(LOAD, at.at, 0, 0, resultsOf(at))
  }

  /** MOV to memory: stores a word. */
  *store(at: Word, value: number): Code {
    // A value that was left out must not become the default of a step's argument.
    yield* perform(STORE, at.at, value ?? Number.NaN)
  }

  /** Locked exchange; returns the old value. */
  *xchg(at: Word, value: number): Code<number> {
    return yield* perform(XCHG, at.at, value, 0, resultsOf(at))
  }

  /** Locked compare-and-exchange; returns the old value, which equals `from` if it succeeded. */
  *cmpxchg(at: Word, from: number, to: number): Code<number> {
    return yield* perform(CMPXCHG, at.at, from, to, resultsOf(at))
  }

  /** Locked or; returns the old value. */
  *fetchOr(at: Word, bits: number): Code<number> {
    return yield* perform(OR, at.at, bits, 0, resultsOf(at))
  }

  /** Locked and; returns the old value. */
  *fetchAnd(at: Word, bits: number): Code<number> {
    return yield* perform(AND, at.at, bits, 0, resultsOf(at))
  }

  /** Locked add; returns the old value. */
  *fetchAdd(at: Word, amount: number): Code<number> {
    return yield* perform(ADD, at.at, amount, 0, resultsOf(at))
  }

  /** Waits until `(word & mask) === value`, as a spin loop would; interrupts are taken meanwhile if IF=1. */
  *until(at: Word, value: number, mask = -1): Code {
    yield* perform(UNTIL, at.at, mask, value)
  }

  /** One of 0 .. n-1, chosen by the explorer: an outcome that nobody in the machine decides. */
  *choose(n: number): Code<number> {
    if (!Number.isInteger(n) || n < 1 || n > MAX_CHOICES)
      throw fail.badConfig('choose(n)', n, `1 to ${MAX_CHOICES}`)
    return yield* perform(CHOOSE, n, 0, 0, n)
  }

  /** EFLAGS.IF = 0: no interrupt is taken from now on. */
  *cli(): Code {
    yield* perform(CLI)
  }

  /** EFLAGS.IF = 1. */
  *sti(): Code {
    yield* perform(STI)
  }

  /** User-mode access to a page through the TLB; true if it faulted. */
  *access(page: number, kind: 'read' | 'write'): Code<boolean> {
    if (!this.config.pages.includes(page))
      throw fail.badConfig('page of access', page, `one of ${this.config.pages.join(', ')}`)
    return (yield* perform(ACCESS, page, kind === 'write' ? 1 : 0)) === 1
  }

  /** INVLPG of the pages in a mask: their TLB entries and all paging-structure caches of this CPU. */
  *invlpg(pages: number): Code {
    yield* perform(INVLPG, pages)
  }

  /** MOV to CR3 (PCIDE=0): loads an address space and drops everything that this CPU has cached. */
  *loadCr3(space: number): Code {
    if (!(space >= 0 && space < this.config.spaces))
      throw fail.badConfig('space of loadCr3', space, `0 to ${this.config.spaces - 1}`)
    yield* perform(LOAD_CR3, space)
  }
}
