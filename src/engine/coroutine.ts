/**
 * Memoized coroutines. A generator's local state is a pure function of the integers that it has received, so its
 * control states form a trie: a node holds the step that is asked for next, an edge the integer that it got. A
 * generator runs only the first time a history is seen; after that, control is one integer and advancing is a
 * table look-up. Where the results of a step are known beforehand its futures are expanded ahead and merged
 * bottom-up (two nodes with the same step and the same children are one node), so that dead locals keep no states
 * apart. Where they are not, histories stay apart until the coroutine ends or declares a checkpoint.
 */
import { inspect } from 'node:util'
import { fail, ShootdownError } from '../errors.ts'
import { CHECKPOINT, RETURN, describeStep, isStep, sameStep, type Code, type Step } from './step.ts'

/** Words per node: operation, three arguments, and two cached edges (result, child). */
const STRIDE = 8
const OP = 0
const KEY0 = 4
const CHILD0 = 5
const KEY1 = 6
const CHILD1 = 7
const NO_CHILD = -1
const NO_KEY = -0x80000000

/** No history has more steps than this; waiting that comes back to a checkpoint does not make it longer. */
export const MAX_STEPS = 2000
/** Control states of a world, at most: some hundred megabytes. */
export const MAX_NODES = 1 << 20
/** How many nodes are expanded ahead at once; past it, histories are followed one at a time. */
const MAX_AHEAD = 4096

interface Program {
  readonly name: string
  readonly start: () => Code<number | void>
  root: number
  readonly checkpoints: Map<string, number>
}

/** A history: the step that is asked for, and what led to it. Histories share their beginnings. */
interface History {
  readonly step: Step
  /** What was asked for before, and the result that it got. */
  readonly before: History | undefined
  readonly result: number
  /** How many steps and checkpoints were asked for, this one included; how many steps of them. */
  readonly position: number
  readonly steps: number
}

/** Where a node that is followed lazily comes from. */
interface Origin {
  readonly program: Program
  readonly history: History
}

type Running = Generator<Step, number | boolean | void, number>

/** A coroutine advanced to a point, with the history that led there. */
interface Live {
  readonly run: Running
  readonly history: History
}

export class Coroutines {
  /** The node table, `STRIDE` words a node. Reallocated when it grows: read it anew after any call. */
  nodes = new Int32Array(1024 * STRIDE)
  /** Operations of a node by code are in {@link nodes}; their descriptions are here. */
  readonly steps: Step[] = []
  private readonly origins: (Origin | undefined)[] = []
  private readonly more: (Map<number, number> | undefined)[] = []
  private readonly shared = new Map<string, number>()
  private readonly programs = new Map<string, Program>()
  private ahead = 0
  private readonly limit: number

  constructor(limit = MAX_NODES) {
    this.limit = limit
    // Control state 0 is that of a thread with nothing to do.
    this.create('', { op: RETURN, a: 0, b: 0, c: 0, results: 1 })
  }

  /** Number of control states so far. */
  get size(): number {
    return this.steps.length
  }

  /**
   * The first control state of a coroutine. `key` names the coroutine and its arguments: equal keys must mean equal
   * code; `start` is called again whenever a new history has to be followed.
   */
  root(key: string, start: () => Code<number | void>): number {
    const known = this.programs.get(key)
    if (known !== undefined) return known.root
    const program: Program = { name: key, start, root: 0, checkpoints: new Map() }
    this.ahead = 0
    program.root = this.expand(program, this.begin(program))
    this.rehearse(program)
    this.programs.set(key, program)
    return program.root
  }

  /** The control state after `node` has received `result`. */
  next(node: number, result: number): number {
    const at = node * STRIDE
    const nodes = this.nodes
    if (nodes[at + KEY0] === result) return nodes[at + CHILD0]
    if (nodes[at + KEY1] === result) return nodes[at + CHILD1]
    return this.more[node]?.get(result) ?? this.follow(node, result)
  }

  /** The value that a coroutine returned, for a node whose operation is RETURN. */
  returned(node: number): number {
    return this.steps[node].a
  }

  private follow(node: number, result: number): number {
    const origin = this.origins[node]
    if (origin === undefined) {
      // The operation promised results below `results` and gave another: a defect of the machine, not of the policy.
      throw new Error(`${describeStep(this.steps[node])} resulted in ${result}, outside its declared results`)
    }
    this.ahead = 0
    const child = this.expand(origin.program, this.replay(origin.program, origin.history, result))
    this.link(node, result, child)
    return child
  }

  private link(node: number, result: number, child: number): void {
    const at = node * STRIDE
    if (this.nodes[at + CHILD0] === NO_CHILD) {
      this.nodes[at + KEY0] = result
      this.nodes[at + CHILD0] = child
    } else if (this.nodes[at + CHILD1] === NO_CHILD) {
      this.nodes[at + KEY1] = result
      this.nodes[at + CHILD1] = child
    } else {
      const map = this.more[node] ?? new Map<number, number>()
      this.more[node] = map.set(result, child)
    }
  }

  private create(where: string, step: Step): number {
    const node = this.steps.length
    if (node >= this.limit) throw fail.tooManyControlStates(where, this.limit)
    if ((node + 1) * STRIDE > this.nodes.length) {
      const larger = new Int32Array(this.nodes.length * 2)
      larger.set(this.nodes)
      this.nodes = larger
    }
    this.steps.push(step)
    this.nodes.set([step.op.code, step.a, step.b, step.c, NO_KEY, NO_CHILD, NO_KEY, NO_CHILD], node * STRIDE)
    return node
  }

  /** The node for the point that `live` has reached. */
  private expand(program: Program, live: Live): number {
    const { history } = live
    const { step } = history
    if (step.op === CHECKPOINT) return this.mark(program, live)
    if (step.op === RETURN) return this.merge(program, step, [])
    if (step.results === 0 || ++this.ahead > MAX_AHEAD) return this.lazy(program, step, history)
    const children = [this.expand(program, this.advance(program, live, 0))]
    for (let result = 1; result < step.results; result++) {
      children.push(this.expand(program, this.replay(program, history, result)))
    }
    return this.merge(program, step, children)
  }

  private merge({ name }: Program, step: Step, children: readonly number[]): number {
    const key = `${step.op.code},${step.a},${step.b},${step.c},${step.ofPolicy === true}:${children.join(',')}`
    const known = this.shared.get(key)
    if (known !== undefined) return known
    const node = this.create(name, step)
    children.forEach((child, result) => this.link(node, result, child))
    this.shared.set(key, node)
    return node
  }

  private lazy(program: Program, step: Step, history: History): number {
    const node = this.create(program.name, step)
    this.origins[node] = { program, history }
    return node
  }

  /** A checkpoint is one node for all histories that reach it with the same locals. */
  private mark(program: Program, marked: Live): number {
    const key = marked.history.step.key!
    let live = marked
    for (let hops = 0; live.history.step.op === CHECKPOINT; hops++) {
      if (hops === MAX_STEPS) throw fail.endlessWithoutSteps(program.name, MAX_STEPS)
      live = this.advance(program, live, 0)
    }
    const { history } = live
    const { step } = history
    const known = program.checkpoints.get(key)
    if (known !== undefined) {
      if (!sameStep(this.steps[known], step)) {
        throw fail.checkpointLies(program.name, key, describeStep(this.steps[known]), describeStep(step))
      }
      return known
    }
    const node = step.op === RETURN ? this.merge(program, step, []) : this.lazy(program, step, history)
    program.checkpoints.set(key, node)
    return node
  }

  /** Starts the coroutine anew. */
  private begin(program: Program): Live {
    const run: unknown = program.start()
    if (typeof run !== 'object' || run === null || typeof (run as Running).next !== 'function') {
      throw fail.notAGenerator(program.name)
    }
    return { run: run as Running, history: this.take(program, run as Running, undefined, 0) }
  }

  private advance(program: Program, { run, history }: Live, result: number): Live {
    return { run, history: this.take(program, run, history, result) }
  }

  /** Runs the coroutine from its start through a known history and one result more; it must ask for the same again. */
  private replay(program: Program, history: History, result: number): Live {
    const path: History[] = []
    for (let at: History | undefined = history; at !== undefined; at = at.before) path.push(at)
    const { run, history: first } = this.begin(program)
    let { step } = first
    for (let known = path.pop(); known !== undefined; known = path.pop()) {
      if (known.before !== undefined) step = this.ask(program, run, known.position, known.result)
      this.compare(program, known.position, known.step, step)
    }
    return this.advance(program, { run, history }, result)
  }

  /** Runs the part of a new coroutine that needs no results a second time, so that hidden state shows at once. */
  private rehearse(program: Program): void {
    let live = this.begin(program)
    for (let node = program.root; ; node = this.next(node, 0)) {
      while (live.history.step.op === CHECKPOINT) live = this.advance(program, live, 0)
      const { step, position } = live.history
      this.compare(program, position, this.steps[node], step)
      if (step.op === RETURN || this.nodes[node * STRIDE + CHILD0] === NO_CHILD) return
      if (step.results === 0) return
      live = this.advance(program, live, 0)
    }
  }

  private compare(program: Program, position: number, first: Step, then: Step): void {
    if (!sameStep(first, then))
      throw fail.nondeterministic(program.name, position, describeStep(first), describeStep(then))
  }

  /** Resumes the coroutine with a result; what it asks for then is the end of a longer history. */
  private take(program: Program, run: Running, before: History | undefined, result: number): History {
    const position = (before?.position ?? 0) + 1
    const step = this.ask(program, run, position, result)
    const steps = (before?.steps ?? 0) + (step.op === CHECKPOINT ? 0 : 1)
    if (steps > MAX_STEPS && step.op !== RETURN)
      throw fail.neverEnds(program.name, MAX_STEPS, describeStep(step))
    return { step, before, result, position, steps }
  }

  /** Resumes the coroutine with a result, and checks what it asks for. */
  private ask(program: Program, run: Running, position: number, result: number): Step {
    let taken: IteratorResult<Step, number | boolean | void>
    try {
      taken = run.next(result)
    } catch (cause) {
      if (cause instanceof ShootdownError) throw cause
      throw fail.threw(program.name, position, cause)
    }
    if (taken.done === true) {
      const value = Number(taken.value ?? 0)
      if (typeof taken.value === 'string' || (value | 0) !== value) {
        throw fail.badArgument(program.name, 'return', inspect(taken.value))
      }
      return { op: RETURN, a: value, b: 0, c: 0, results: 1 }
    }
    if (!isStep(taken.value)) throw this.strange(program, taken.value)
    const { op, a, b, c } = taken.value
    const wrong = [a, b, c].find((value) => (value | 0) !== value)
    if (wrong !== undefined) throw fail.badArgument(program.name, op.name, inspect(wrong))
    return taken.value
  }

  private strange(program: Program, value: unknown): ShootdownError {
    if (typeof (value as Running | undefined)?.next === 'function') {
      const step = (value as Running).next(0).value
      return fail.stepNotRun(program.name, isStep(step) ? step.op.name : 'step')
    }
    return fail.notAStep(
      program.name,
      value === undefined ? 'nothing' : inspect(value, { breakLength: Infinity, depth: 1 }),
    )
  }
}

/** The operation code of a node, read straight from the table. */
export const opOf = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + OP]
export const argA = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + 1]
export const argB = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + 2]
export const argC = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + 3]
