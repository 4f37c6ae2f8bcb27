/**
 * Memoized coroutines. A generator's local state is a pure function of the integers that it has received, so its
 * control states form a trie: a node holds the step that is asked for next, an edge the integer that it got. A
 * generator runs only the first time a history is seen; after that, control is one integer and advancing is a
 * table look-up. Where the results of a step are known beforehand its futures are expanded ahead and merged
 * bottom-up (two nodes with the same step and the same children are one node), so that dead locals keep no states
 * apart. Where they are not, histories stay apart until the coroutine ends or declares a checkpoint.
 */
import { fail } from '../errors.ts'
import { enlarged } from './enlarged.ts'
import { MAX_STEPS, advance, begin, compare, replay, type History, type Live, type Program } from './rerun.ts'
import { CHECKPOINT, RETURN, describeStep, sameStep, type Code, type Step } from './step.ts'

/** Words per node: operation, three arguments, and two cached edges (result, child). */
const STRIDE = 8
const OP = 0
const KEY0 = 4
const CHILD0 = 5
const KEY1 = 6
const CHILD1 = 7
const NO_CHILD = -1
const NO_KEY = -0x80000000

/** Control states of a world, at most: some hundred megabytes. */
export const MAX_NODES = 1 << 20
/** How many nodes are expanded ahead at once; past it, histories are followed one at a time. */
const MAX_AHEAD = 4096

/** Where a node that is followed lazily comes from. */
interface Origin {
  readonly program: Program
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
    program.root = this.expand(program, begin(program))
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
    const child = this.expand(origin.program, replay(origin.program, origin.history, result))
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
      this.nodes = enlarged(this.nodes)
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
    const children = [this.expand(program, advance(program, live, 0))]
    for (let result = 1; result < step.results; result++) {
      children.push(this.expand(program, replay(program, history, result)))
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
      live = advance(program, live, 0)
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

  /** Runs the part of a new coroutine that needs no results a second time, so that hidden state shows at once. */
  private rehearse(program: Program): void {
    let live = begin(program)
    for (let node = program.root; ; node = this.next(node, 0)) {
      while (live.history.step.op === CHECKPOINT) live = advance(program, live, 0)
      const { step, position } = live.history
      compare(program, position, this.steps[node], step)
      if (step.op === RETURN || this.nodes[node * STRIDE + CHILD0] === NO_CHILD) return
      if (step.results === 0) return
      live = advance(program, live, 0)
    }
  }
}

/** The operation code of a node, read straight from the table. */
export const opOf = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + OP]
export const argA = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + 1]
export const argB = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + 2]
export const argC = (nodes: Int32Array, node: number): number => nodes[node * STRIDE + 3]
