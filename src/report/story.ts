/**
 * The story of a race: its schedule run once more, each transition told as what was done, by whom, and with what
 * result.
 */
import type { Role } from '../scenario/tracer.ts'
import type { World } from '../scenario/world.ts'
import { ACCESS } from '../machine/access.ts'
import * as T from '../scenario/transition.ts'

/** One step as it was done. */
export interface Told {
  /** What was done, with its result. */
  readonly text: string
  /** The same without the result: what the code asked for. */
  readonly asked: string
  readonly role: Role | 'host' | 'drain' | 'iommu'
  /** True if the policy asked for it, or if it only happens because of what a policy did. */
  readonly ofPolicy: boolean
  /** True if it is hardware at work: how an access comes about depends on what is cached, not on what the code says. */
  readonly ofHardware: boolean
  readonly mover: 'none' | 'right' | 'left'
}

/** One transition: a row of the lane diagram. */
export interface Row {
  /** Stable name of the transition. */
  readonly name: string
  /** The CPU that it belongs to, or the walker behind them that a device is, or -1. */
  readonly cpu: number
  readonly steps: readonly Told[]
  /** The step that gives the row its meaning. */
  readonly main: Told
}

/** Takes a transition and tells it. */
export function tellTransition(world: World, transition: number): Row {
  const steps: Told[] = []
  world.tracer = (vcpu, node, result, role) => {
    const { op, a, b, c, ofPolicy } = world.co.steps[node]
    const code = role === 'walk' ? world.co.steps[world.nextNode(vcpu)] : world.co.steps[node]
    if (op.mover === 'left' && op.tell(a, b, c, world.names) === op.name && !op.name.startsWith('unlock'))
      return
    steps.push({
      text: op.tell(a, b, c, world.names, result),
      asked: code.op.tell(code.a, code.b, code.c, world.names),
      role,
      ofHardware: role === 'walk' || role === 'speculation' || op === ACCESS,
      ofPolicy: ofPolicy === true || role === 'interrupt' || role === 'hypercall' || role === 'hook',
      mover: op.mover,
    })
  }
  const name = world.name(transition)
  const ofIommu = tellIommu(world, transition)
  const byItself = ofIommu ?? tellDecision(world, transition)
  try {
    world.apply(transition)
  } finally {
    world.tracer = undefined
  }
  const kind = T.kindOf(transition)
  if (byItself !== undefined) steps.unshift(byItself)
  if (steps.length === 0) steps.push(accessStep(world, transition))
  const main = steps.find((step) => step.mover === 'none') ?? steps.at(-1)!
  const cpu = kind === T.RCU_FREE || ofIommu !== undefined ? -1 : T.whoOf(transition)
  return { name, cpu, steps, main }
}

/** Transitions that are no step of code: interrupts taken, decisions of the host, callbacks of RCU. */
function tellDecision(world: World, transition: number): Told | undefined {
  const who = T.whoOf(transition)
  const detail = T.detailOf(transition)
  const told = (text: string, role: Told['role'], ofPolicy: boolean): Told => ({
    text,
    asked: text,
    role,
    ofPolicy,
    ofHardware: role === 'speculation' || role === 'drain',
    mover: 'none',
  })
  switch (T.kindOf(transition)) {
    case T.INTERRUPT:
      return told(`interrupt: ${world.vectors[detail]}`, 'interrupt', true)
    case T.EXIT:
      return told(`VM exit and entry of vCPU${who}`, 'host', true)
    case T.RCU_FREE:
      return told(`grace period over: ${world.tellDeferral(who)}`, 'host', true)
    case T.PREEMPT:
    case T.DESCHEDULE:
      return told(`preempt vCPU${who}`, 'host', false)
    case T.SCHEDULE:
      return told(`schedule vCPU${who} on pCPU${detail}`, 'host', false)
    case T.DRAIN: {
      const { word, value } = world.machine.buffer.oldest(who)
      return told(`visible: ${world.names.store(word, value)}`, 'drain', false)
    }
    case T.EVICT:
      return told(world.name(transition), 'speculation', false)
    default:
      return undefined
  }
}

/** What the IOMMU is about to take from its queue. */
function tellIommu(world: World, transition: number): Told | undefined {
  if (T.kindOf(transition) !== T.STEP || T.whoOf(transition) < world.machine.walkers) return undefined
  const text = world.devices!.tell(world.names)
  return { text, asked: text, role: 'iommu', ofPolicy: true, ofHardware: true, mover: 'none' }
}

/** A step of an access that only looked something up. */
function accessStep(world: World, transition: number): Told {
  const name = world.name(transition)
  return { text: name, asked: name, role: 'operation', ofPolicy: false, ofHardware: true, mover: 'none' }
}

/** Runs a schedule from the beginning and tells every transition. */
export function tellStory(world: World, schedule: Iterable<number>): Row[] {
  world.reset()
  return Array.from(schedule, (transition) => tellTransition(world, transition))
}
