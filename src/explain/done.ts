/**
 * What code does in each step of a race: the instruction that the step is about, and the result that the code was told.
 * Hardware at work, interrupts that are taken and decisions of the host are done by no code, and neither is an access:
 * how its steps come about is for the hardware to say.
 */
import { RETURN, type Step } from '../engine/step.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import { ACCESS } from '../machine/access.ts'
import { LOCK, UNLOCK, WAIT_FREE } from '../machine/memory.ts'
import * as T from '../scenario/transition.ts'
import type { RaceStep, Rerun } from './steps.ts'

export interface Done {
  readonly cpu: number
  readonly asked: Step
  readonly result: number
}

/** A hypercall, as far as it has come. */
interface Call {
  readonly at: number
  readonly cpu: number
  readonly node: number
}

const LOCKING = new Set([LOCK, UNLOCK, WAIT_FREE])

/** Takes a race once more, and hears what code does in each step; undefined where no code does anything. */
export function doneIn(rerun: Rerun): (Done | undefined)[] {
  const { world } = rerun
  const calls: Call[] = []
  const done: (Done | undefined)[] = rerun.steps.map(() => undefined)
  const hear = ({ transition, before, at }: RaceStep): void => {
    const heard: Done[] = []
    rerun.put(before)
    world.tracer = (cpu, node, result, role) => {
      const asked = world.co.steps[node]
      if (role === 'walk' || role === 'speculation' || asked.op === ACCESS) return
      // A call that a lock is joined to cannot be told apart from it.
      if (asked.op === HYPERCALL && heard.length === 0) calls.push({ at, cpu, node })
      heard.push({ cpu, asked, result })
    }
    world.returned = (cpu, node, result) => {
      const call = calls.findLast((each) => each.cpu === cpu && each.node === node)
      if (call !== undefined) done[call.at] = { cpu, asked: world.co.steps[node], result }
    }
    try {
      world.apply(transition)
    } finally {
      world.tracer = undefined
      world.returned = undefined
    }
    if (T.kindOf(transition) === T.STEP) done[at] ??= mainOf(heard)
  }
  rerun.steps.forEach(hear)
  return done
}

/**
 * What a step is about, beside the locks and the bookkeeping that are joined to it; undefined for the late end of a
 * coroutine, and for a hypercall, which is heard of when it returns, if it does.
 */
function mainOf(heard: readonly Done[]): Done | undefined {
  const ordinary = heard.find(({ asked }) => asked.op.mover === 'none')
  if (ordinary === undefined)
    return heard.findLast(({ asked }) => asked.op.mover === 'right' && !LOCKING.has(asked.op))
  return ordinary.asked.op === HYPERCALL || ordinary.asked.op === RETURN ? undefined : ordinary
}
