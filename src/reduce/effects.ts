/**
 * What the steps of a protocol touch, learned while they are done. Nobody has to declare anything, and nothing is
 * believed: a search that relies on what is known begins anew when a step is seen to touch more (see `order.ts` for why
 * that is enough).
 *
 * A predicate that must never hold is one more variable, behind the others: whoever writes a word that it reads writes
 * it, too, so that two such steps never count as independent.
 */
import { argA, argB, argC, opOf } from '../engine/coroutine.ts'
import { ENDED, PICK } from '../protocol/protocol.ts'
import type { Space } from '../protocol/space.ts'
import { Behaviour, type Run } from './behaviour.ts'
import { meet, setBit } from './bits.ts'

/** What a thread asks for next, as functions of the variables. */
export interface Call {
  /** Absent from a step that never waits. */
  readonly guard: Behaviour | undefined
  /** Absent from a pick, which touches nothing. */
  readonly action: Behaviour | undefined
}

const NOTHING: Call = { guard: undefined, action: undefined }

export class Effects {
  /** The predicates that must never hold. */
  readonly nevers: readonly Behaviour[]
  /** Words of a row: the variables, then a bit for each predicate. */
  readonly width: number
  /** Told of what is about to be done with these variables. */
  onUse: ((behaviour: Behaviour, S: Int32Array) => void) | undefined
  private readonly space: Space
  private readonly actions = new Map<string, Behaviour>()
  private readonly guards = new Map<string, Behaviour>()
  private readonly calls: (Call | undefined)[] = []

  constructor(space: Space) {
    const { nevers, initial } = space.protocol
    this.space = space
    this.width = initial.length + nevers.length
    this.nevers = nevers.map(({ name, holds }) => new Behaviour(name, holds, this.width))
  }

  /** What a control state asks for. */
  call(node: number): Call {
    return (this.calls[node] ??= this.describe(node))
  }

  /** The run of a behaviour from these variables. `grew` is called if it touches more than was known. */
  run(behaviour: Behaviour, S: Int32Array, grew: () => void): Run {
    this.onUse?.(behaviour, S)
    const known = behaviour.find(S)
    if (known !== undefined) return known
    const more = this.learn(behaviour, S)
    if (more) grew()
    return behaviour.find(S)!
  }

  /** Makes a run known, and what it means for the predicates; true if either is new. */
  private learn(behaviour: Behaviour, S: Int32Array): boolean {
    const { protocol } = this.space
    const kept = protocol.violation
    const grew = behaviour.learn(S)
    protocol.violation = kept
    const affected = this.nevers.includes(behaviour) ? this.actions.values() : [behaviour]
    let sees = false
    for (const action of affected) if (this.mark(action)) sees = true
    return grew || sees
  }

  /** Lets what writes a word of a predicate write the predicate. */
  private mark(action: Behaviour): boolean {
    let grew = false
    this.nevers.forEach((never, i) => {
      const bit = this.width - this.nevers.length + i
      for (const { writes } of [action, ...action.runs]) {
        if (!meet(writes, never.reads) || (writes[bit >> 5] >>> (bit & 31)) & 1) continue
        setBit(writes, bit)
        grew = true
      }
    })
    return grew
  }

  private describe(node: number): Call {
    const { co, protocol } = this.space
    if (node === ENDED) return NOTHING
    const { nodes } = co
    const op = opOf(nodes, node)
    const [a, b, c] = [argA(nodes, node), argB(nodes, node), argC(nodes, node)]
    const action = protocol.actions[op]
    const guard = protocol.guards[op]
    const known = (all: Map<string, Behaviour>, run: (S: Int32Array) => unknown): Behaviour => {
      const key = [op, a, b, c].join()
      let behaviour = all.get(key)
      if (behaviour === undefined)
        all.set(key, (behaviour = new Behaviour(co.steps[node].op.name, run, this.width)))
      return behaviour
    }
    return {
      guard: guard && known(this.guards, (S) => guard(S, a, b, c)),
      action:
        op === PICK || action === undefined ? undefined : known(this.actions, (S) => action(S, a, b, c)),
    }
  }
}
