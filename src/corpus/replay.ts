/**
 * Replaying a case. The workload's steps must come as the case names them; the policy's may differ, for that is what
 * a repair changes: where the policy asks for more, it is let; where it waits, the code holds the interleaving off;
 * where it does less, there is nothing to do. Nor need hardware take the same steps for an access: that depends on what
 * the policy left in the caches. What is left over at the end runs to completion. A case that goes round for ever is
 * reproduced if its last steps still lead back to where they began, and nobody who could end it is passed over.
 */
import { MAX_ENABLED } from '../engine/system.ts'
import { MAX_RUN } from '../explore/run.ts'
import { goesRound } from '../liveness/lasso.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { withOptions } from '../policies/define.ts'
import { tellTransition, type Row } from '../report/story.ts'
import { checkWorkload } from '../scenario/check-workload.ts'
import type { Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import type { World } from '../scenario/world.ts'
import type { Bounds } from '../scenario/bounds.ts'
import type { Case } from './schema.ts'

export interface Replayed {
  readonly outcome: 'reproduced' | 'fixed' | 'diverged'
  /** Number of the step of the case (from 1) that decided; the length of the schedule for `fixed`. */
  readonly step: number
  /** One sentence. */
  readonly reason: string
  /** What was done, as far as it went. */
  readonly rows: readonly Row[]
}

type Entry = Case['schedule'][number]

/** Steps that a policy may put in before the next step of the workload; far more than any policy has. */
const MAX_INSERTED = 1000

/** Replays a case against a policy: the one that it was found in, or one that should cure it. */
export function replayCase(kept: Case, policy: AnyPolicy, changed: Partial<Bounds> = {}): Replayed {
  const workload = kept.workload as Workload
  const chosen = policy.name === kept.policy ? withOptions(policy, kept.options ?? {}) : policy
  checkWorkload(kept.id, workload, policy, kept.bounds.groups, kept.bounds.vcpus)
  const world = new Worlds(chosen, { ...kept.bounds, ...changed }).at(workload)
  return new Replay(world, kept).run()
}

class Replay {
  private readonly world: World
  private readonly kept: Case
  private readonly rows: Row[] = []
  /** The transitions of the rows. */
  private readonly taken: number[] = []
  private readonly enabled = new Int32Array(MAX_ENABLED)

  constructor(world: World, kept: Case) {
    this.world = world
    this.kept = kept
  }

  run(): Replayed {
    const { world, kept } = this
    world.reset()
    const begins = kept.schedule.length - (kept.cycle ?? 0)
    let head: { readonly state: Int32Array; readonly row: number } | undefined
    for (const [i, entry] of kept.schedule.entries()) {
      if (i === begins) head = { state: world.state.slice(), row: this.taken.length }
      const diverged = entry.by === 'policy' ? this.followPolicy(entry) : this.followCode(entry)
      if (diverged !== undefined) return this.end('diverged', i + 1, `at step ${i + 1} ${diverged}`)
      const judged = this.judge(i + 1)
      if (judged !== undefined) return judged
    }
    return (head && this.judgeRound(head.state, this.taken.slice(head.row))) ?? this.drain()
  }

  /** Whether what was done since a state goes round for ever from there; the world is left as it is otherwise. */
  private judgeRound(head: Int32Array, cycle: readonly number[]): Replayed | undefined {
    const { world, kept } = this
    const now = world.state.slice()
    world.state.set(head)
    const { explanation } = world.fairness.livelock()
    if (goesRound(world, cycle)) return this.end('reproduced', kept.schedule.length, explanation)
    world.state.set(now)
    world.clearViolation()
    return undefined
  }

  /** A step of the policy, or one that the policy causes: whatever it asks for now, up to what the case names if it still does. */
  private followPolicy(entry: Entry): undefined {
    const { world, rows } = this
    const before = world.state.slice()
    const told = rows.length
    for (let inserted = 0; inserted < MAX_INSERTED; inserted++) {
      const row = this.takePolicyStep(entry)
      if (row === undefined) break
      if (row.main.asked === entry.step || world.violation !== undefined) return
    }
    world.state.set(before)
    world.clearViolation()
    rows.length = this.taken.length = told
    this.takePolicyStep(entry)
  }

  /** Takes the transition that an entry names, if the policy asks for it. */
  private takePolicyStep(entry: Entry): Row | undefined {
    const { world } = this
    const transition = this.find(entry.do)
    if (transition === undefined) return undefined
    const before = world.state.slice()
    const row = tellTransition(world, transition)
    if (row.main.ofPolicy) {
      this.keep(row, transition)
      return row
    }
    world.state.set(before)
    world.clearViolation()
    return undefined
  }

  /** A step of the workload, of hardware or of the environment. Returns why it is not asked for as named. */
  private followCode(entry: Entry): string | undefined {
    const { world } = this
    for (let inserted = 0; inserted < MAX_INSERTED; inserted++) {
      const transition = this.find(entry.do)
      if (transition === undefined) return entry.by === 'hardware' ? undefined : this.missing(entry)
      const before = world.state.slice()
      const row = tellTransition(world, transition)
      if (!row.main.ofPolicy && row.main.asked !== entry.step) {
        world.state.set(before)
        world.clearViolation()
        if (entry.by === 'hardware') return undefined
        return `the case says "${entry.do}: ${entry.step}", but the code asked for "${row.main.asked}"`
      }
      this.keep(row, transition)
      if (world.violation !== undefined || !row.main.ofPolicy) return undefined
    }
    return `"${entry.do}" asks for more than ${MAX_INSERTED} steps of the policy before "${entry.step}"`
  }

  /** Why a transition of the workload is not there; nothing if the code makes its CPU wait, which is what a cure does. */
  private missing(entry: Entry): string | undefined {
    const cpu = /^cpu(\d+)/.exec(entry.do)
    if (cpu !== null && this.world.nextNode(Number(cpu[1])) >= 0) return undefined
    if (cpu !== null)
      return `the case says "${entry.do}: ${entry.step}", but CPU${cpu[1]} has nothing left to do`
    return `the case says "${entry.do}", which is not possible here`
  }

  private keep(row: Row, transition: number): void {
    this.rows.push(row)
    this.taken.push(transition)
  }

  private find(name: string): number | undefined {
    const count = this.world.enabled(this.enabled)
    return this.enabled.subarray(0, count).find((transition) => this.world.name(transition) === name)
  }

  private judge(step: number): Replayed | undefined {
    const { violation } = this.world
    if (violation === undefined) return undefined
    if (violation.invariant === this.kept.invariant)
      return this.end('reproduced', step, violation.explanation)
    return this.end(
      'diverged',
      step,
      `at step ${step} another invariant breaks, ${violation.invariant}: ${violation.explanation}`,
    )
  }

  /** Runs everybody to the end, one after the other in turn. */
  private drain(): Replayed {
    const { world, kept } = this
    const length = kept.schedule.length
    for (let turn = 0; ; turn++) {
      world.enabled(this.enabled)
      if (world.progress === 0) break
      if (turn > MAX_RUN)
        return this.end('diverged', length, `after step ${length} the code does not come to an end`)
      this.rows.push(tellTransition(world, this.enabled[turn % world.progress]))
      const judged = this.judge(length)
      if (judged !== undefined) return judged
    }
    if (!world.final()) {
      const deadlock = world.deadlock()
      if (deadlock.invariant === kept.invariant) return this.end('reproduced', length, deadlock.explanation)
      return this.end('diverged', length, `after step ${length} nobody can go on: ${deadlock.explanation}`)
    }
    return this.end('fixed', length, 'the schedule runs to its end and nothing breaks')
  }

  private end(outcome: Replayed['outcome'], step: number, reason: string): Replayed {
    return { outcome, step, reason, rows: this.rows }
  }
}

/** What replaying a case against its own policy should end in. */
export const expectedOutcome = (kept: Case, policy: AnyPolicy): 'reproduced' | 'fixed' =>
  kept.expect ?? (policy.expected === 'broken' ? 'reproduced' : 'fixed')
