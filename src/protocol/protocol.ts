/**
 * A protocol: threads that share a few variables, without the paging machine beneath. It runs on the same memoized
 * coroutines, explorers and packed states as a policy does, so a textbook algorithm, a benchmark program or a model
 * written for another checker can be compared with it count by count. A step is one atomic action on the variables;
 * between any two steps anything else may happen. Memory is sequentially consistent, and there are no priorities.
 */
import { fail } from '../errors.ts'
import { NOTHING, reads, writes } from '../engine/footprint.ts'
import { CHECKPOINT, type Code, type Op, type Step } from '../engine/step.ts'
import type { Violation } from '../engine/system.ts'

/** What a step does to the variables, given the arguments that it was asked for with; its result, if it has one. */
export type Action = (S: Int32Array, a: number, b: number, c: number) => number | void
/** Whether a step can be taken; while it cannot, its thread waits. */
export type Guard = (S: Int32Array, a: number, b: number, c: number) => boolean
/** Which word of the state a step touches, given its arguments. */
export type Touch = (a: number, b: number, c: number) => number
/** Asks for a step: `const pmd = yield* readPmd(cpu)`. */
export type Ask = (a?: number, b?: number, c?: number) => Code<number>

export interface StepOptions {
  /** The thread waits until this holds. Default: it never waits. */
  readonly when?: Guard
  /**
   * How many results there can be, 0 .. results-1, so that futures can be compared and dead locals keep no states
   * apart. 0 where that is not known. Default 1, for a step that results in nothing.
   */
  readonly results?: number
  /**
   * Who waits for it gets it in turn, as a ticket lock does: to be able to take it again and again is enough to get it in
   * the end. Default false: only who can take it for ever from some point on is sure to. Only liveness asks.
   */
  readonly fair?: boolean
  /** It is what the protocol is there for: who takes it again and again is no livelock. Default false. */
  readonly advances?: boolean
  /**
   * The word that the step looks at, its guard included, or that it changes as well: for strategies that tell races
   * from steps that commute. A step that touches more says neither. Default: it is taken to touch everything.
   */
  readonly reads?: Touch
  readonly writes?: Touch
}

export interface ProtocolOptions {
  /** How often a host may take a CPU away; until it gives it back, no thread of that CPU steps. Default 0. */
  readonly preemptions?: number
}

export interface Thread {
  readonly name: string
  /** The CPU that it runs on; only a host that takes CPUs away makes a difference between them. */
  readonly cpu: number
  readonly code: () => Code<number | void>
  /** True if nobody waits for its end: the interrupts of a CPU. */
  readonly daemon: boolean
}

/** CPUs that are said to be alike. */
export interface Alike {
  readonly cpus: readonly number[]
  /** First words of the variables that have one word for each CPU, by its number. */
  readonly perCpu: readonly number[]
}

/** Something that must never hold of the variables. */
export interface Never {
  readonly name: string
  readonly holds: (S: Int32Array) => boolean
}

/** The control state of a thread that has ended. */
export const ENDED = 0
/** The code of the step that picks; those below are the engine's own. */
export const PICK = 2
/** A transition has room for so many outcomes of a pick, and as many threads. */
export const MAX_PICK = 256

export class Protocol {
  readonly name: string
  readonly preemptions: number
  readonly threads: Thread[] = []
  readonly nevers: Never[] = []
  alike: Alike | undefined
  /** What the variables hold in the beginning. */
  readonly initial: number[] = []
  /** By code of a step. */
  readonly actions: (Action | undefined)[] = []
  readonly guards: (Guard | undefined)[] = []
  /** Codes of steps that are fair, and of those that advance. */
  readonly fair = new Set<number>()
  readonly advancing = new Set<number>()
  readonly footprints: (Touch | undefined)[] = []
  /** What the last step violated; a space takes it from here. */
  violation: Violation | undefined
  private readonly words = new Map<string, number>()

  constructor(name: string, { preemptions = 0 }: ProtocolOptions = {}) {
    this.name = name
    this.preemptions = preemptions
    this.actions.length = this.guards.length = this.footprints.length = PICK + 1
    this.footprints[PICK] = () => NOTHING
  }

  /** Declares a shared variable, or `length` of them in a row: the index of the first in the state. */
  word(name: string, initial = 0, length = 1): number {
    if (this.words.has(name)) throw fail.declaredTwice(this.name, 'variable', name)
    const at = this.initial.length
    for (let i = 0; i < length; i++) this.initial.push(initial)
    this.words.set(name, at)
    return at
  }

  /** Declares a kind of step: `action` does it at once, and returns its result. */
  step(name: string, action: Action, options: StepOptions = {}): Ask {
    const { when, results = 1, fair = false, advances = false, reads: read, writes: written } = options
    const code = this.actions.push(action) - 1
    this.guards.push(when)
    if (fair) this.fair.add(code)
    if (advances) this.advancing.add(code)
    this.footprints.push(
      written !== undefined
        ? (a, b, c) => writes(written(a, b, c))
        : read && ((a, b, c) => reads(read(a, b, c))),
    )
    return asking({ code, name, results, mover: 'none', tell: () => name })
  }

  /** Asks the explorer to pick one of `n`: the step's result is 0 .. n-1. */
  *pick(n: number): Code<number> {
    if (!Number.isInteger(n) || n < 1 || n > MAX_PICK)
      throw fail.badConfig(`what "${this.name}" picks from`, n, `a whole number from 1 to ${MAX_PICK}`)
    return yield { op: picking, a: n, b: 0, c: 0, results: n }
  }

  /** Adds a thread, on a CPU of its own unless it is told which. Its code depends on the results of its steps alone. */
  thread(name: string, code: () => Code<number | void>, cpu = this.threads.length): void {
    this.add({ name, cpu, code, daemon: false })
  }

  /** Adds a thread that takes a step whenever it can, for ever, and that nobody waits for: the interrupts of a CPU. */
  daemon(name: string, step: () => Code<number>, cpu: number): void {
    const code = function* (): Code {
      for (;;) {
        yield { op: CHECKPOINT, a: 0, b: 0, c: 0, results: 1, key: '' }
        yield* step()
      }
    }
    this.add({ name, cpu, code, daemon: true })
  }

  /** Declares that a predicate over the variables must not hold in any state. */
  never(name: string, holds: (S: Int32Array) => boolean): void {
    this.nevers.push({ name, holds })
  }

  /**
   * Declares that some CPUs are alike: their threads, in the order in which they were added, run the same code, and
   * differ in nothing but which word they use of each variable that has one for each CPU. `perCpu` are the first words of
   * those. What other threads do need not be alike: `reduced` finds out when it is.
   */
  cpusAlike(cpus: readonly number[], ...perCpu: number[]): void {
    this.alike = { cpus, perCpu }
  }

  /** Called by an action: what it does must not happen. */
  violate(invariant: string, explanation: string): void {
    this.violation ??= { invariant, explanation }
  }

  private add(thread: Thread): void {
    const { name } = thread
    if (this.threads.some((other) => other.name === name)) throw fail.declaredTwice(this.name, 'thread', name)
    if (this.threads.length === MAX_PICK)
      throw fail.badConfig(`the number of threads of "${this.name}"`, MAX_PICK + 1, `at most ${MAX_PICK}`)
    this.threads.push(thread)
  }
}

const picking: Op = { code: PICK, name: 'pick', results: 0, mover: 'none', tell: (n) => `pick 1 of ${n}` }

const asking = (op: Op): Ask =>
  function* (a = 0, b = 0, c = 0): Generator<Step, number, number> {
    return yield { op, a, b, c, results: op.results }
  }
