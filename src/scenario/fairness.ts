/**
 * What is owed in a world. A CPU owes the next step of its code, weakly: a spin loop that happens to look at the wrong
 * moments may miss what comes and goes. A lock is handed on in turn, as queued spinlocks and mutexes are, so to take one
 * is a strong duty (kernel/locking/qspinlock.c). So is all that hardware and host do: a pending interrupt is taken at the
 * first boundary between instructions at which IF lets it (SDM vol. 3, Interrupt and Exception Handling), stores drain,
 * INVLPGBs arrive, grace periods end, vCPUs get a pCPU.
 *
 * A host that has more vCPUs than pCPUs gives each its time, though nothing here takes a pCPU away from a vCPU that can go
 * on but the bounded preemptions of the environment. A run in which a vCPU waits for its pCPU for ever is unfair, then;
 * livelocks in which vCPUs take turns on a pCPU are not found.
 */
import { opOf } from '../engine/coroutine.ts'
import type { Names } from '../engine/step.ts'
import type { Fairness } from '../engine/fairness.ts'
import type { Violation } from '../engine/system.ts'
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import { LOCK } from '../machine/memory.ts'
import { tellWaits } from './deadlock.ts'
import type { Parts } from './parts.ts'
import * as T from './transition.ts'

/** Details of the duties that are steps. */
const PLAIN = 0
const TAKES_LOCK = 1

export class WorldFairness implements Fairness {
  private readonly parts: Parts
  private readonly names: Names

  constructor(parts: Parts, names: Names) {
    this.parts = parts
    this.names = names
  }

  /** Duties are transitions without what makes no difference: the outcome of a step, the pCPU that a vCPU gets. */
  duty(t: number): number {
    const kind = T.kindOf(t)
    const who = T.whoOf(t)
    if (kind === T.STEP) return T.transition(kind, who, this.takesLock(who) ? TAKES_LOCK : PLAIN)
    return kind === T.SCHEDULE ? T.transition(kind, who) : t
  }

  isStrong(duty: number): boolean {
    return T.kindOf(duty) !== T.STEP || T.detailOf(duty) === TAKES_LOCK
  }

  addOwed(owed: number[]): void {
    const { machine, placement } = this.parts
    const { vcpus, pcpus } = machine.config
    if (vcpus <= pcpus) return
    for (let v = 0; v < vcpus; v++)
      if (machine.S[machine.on + v] === 0 && placement.couldGoOn(v)) owed.push(T.transition(T.SCHEDULE, v))
  }

  /** Operations come to an end; nothing else is what a world is there for, and no loop goes through that. */
  advances(): boolean {
    return false
  }

  livelock(): Violation {
    return { invariant: FLUSH_COMPLETES.name, explanation: `livelock; ${tellWaits(this.parts, this.names)}` }
  }

  private takesLock(who: number): boolean {
    const { machine, co, threads } = this.parts
    return who < machine.walkers && opOf(co.nodes, threads.next(who)) === LOCK.code
  }
}
