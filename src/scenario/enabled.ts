/**
 * The transitions that are enabled in a state of a world, in a fixed order: what code can do, vCPU by vCPU; what RCU,
 * broadcasts, store buffers and devices have left to do; what the environment may do but never has to. Each source of
 * them looks at as little of the state as it can.
 */
import type { Source } from '../engine/inside.ts'
import type { Host } from '../hypervisor/host.ts'
import { broadcastAt, broadcastPlaces } from '../machine/broadcast.ts'
import type { Machine } from '../machine/machine.ts'
import type { Parts } from './parts.ts'
import type { Interrupts } from './interrupts.ts'
import type { NextSteps } from './next-steps.ts'
import type { Placement } from './placement.ts'
import type { Stacks } from './stacks.ts'
import type { Threads } from './threads.ts'
import * as T from './transition.ts'

export class Enabled {
  /** What is enabled is what these add, one after the other; the first `progressing` add what is progress of somebody. */
  readonly sources: readonly Source[]
  readonly progressing: number
  /** After {@link write}: how many of the transitions are progress of somebody. */
  progress = 0
  private readonly machine: Machine
  private readonly threads: Threads
  private readonly stacks: Stacks
  private readonly nextSteps: NextSteps
  private readonly interrupts: Interrupts
  private readonly host: Host
  private readonly placement: Placement
  /** True if there may be something to take that IF does not mask. */
  private readonly hasSignals: boolean

  constructor(parts: Parts) {
    const { machine } = parts
    this.machine = machine
    this.threads = parts.threads
    this.stacks = parts.stacks
    this.nextSteps = parts.nextSteps
    this.interrupts = parts.interrupts
    this.host = parts.host
    this.placement = parts.placement
    this.hasSignals = machine.config.nmis > 0 || machine.config.rar > 0
    const progress = this.progressOf(parts)
    this.progressing = progress.length
    this.sources = [...progress, ...environmentOf(parts)]
  }

  /** Writes what is enabled now to `out`; returns how many. */
  write(out: Int32Array): number {
    const { sources, progressing } = this
    let n = 0
    for (let i = 0; i < progressing; i++) n = sources[i](out, n)
    this.progress = n
    if (progressing === sources.length || (n === 0 && this.threads.ended())) return n
    for (let i = progressing; i < sources.length; i++) n = sources[i](out, n)
    return n
  }

  /** The sources of what is progress of somebody. */
  private progressOf({ machine, kernel, devices }: Parts): Source[] {
    const { rcu } = kernel
    const { buffer, config } = machine
    const { vcpus, pcpus } = config
    const perVcpu = (source: (v: number) => Source): Source[] =>
      Array.from({ length: vcpus }, (_, v) => source(v))
    return [
      ...perVcpu((v) => (out, n) => this.addOfVcpu(v, out, n)),
      ...Array.from({ length: rcu.deferrals }, (_, i) =>
        when(() => rcu.isDue(i), T.transition(T.RCU_FREE, i)),
      ),
      ...broadcastsOf(machine),
      ...(vcpus > pcpus ? perVcpu((v) => (out, n) => this.placement.addDeschedule(v, out, n)) : []),
      ...(buffer.depth > 0 ? perVcpu((v) => when(() => !buffer.isEmpty(v), T.transition(T.DRAIN, v))) : []),
      ...(devices?.progress ?? []),
    ]
  }

  /** Adds the steps of a vCPU, the interrupts that it can take, and what the host can do with it. */
  private addOfVcpu(v: number, out: Int32Array, count: number): number {
    const { S, on, pending, interruptFlag } = this.machine
    const { stacks, nextSteps } = this
    let n = count
    const top = stacks.top(v)
    const running = S[on + v] !== 0
    if (top >= 0 && (running || stacks.inHook(top))) n = nextSteps.add(v, top, out, n)
    if (!running) return top < 0 || !stacks.inHook(top) ? this.placement.addSchedules(v, out, n) : n
    if (S[pending + v] !== 0 && S[interruptFlag + v] === 1) {
      for (let bits = this.interrupts.deliverable(v), vector = 0; bits !== 0; bits >>= 1, vector++) {
        if (bits & 1) out[n++] = T.transition(T.INTERRUPT, v, vector)
      }
    }
    if (this.hasSignals) n = this.addSignals(v, out, n)
    if (S[this.host.kicked + v] !== 0) out[n++] = T.transition(T.EXIT, v)
    return n
  }

  /** Adds what a vCPU can take whatever its IF says. */
  private addSignals(v: number, out: Int32Array, count: number): number {
    const bits = this.interrupts.signals(v)
    let n = count
    if (bits & (1 << T.NMI)) out[n++] = T.transition(T.SIGNAL, v, T.NMI)
    if (bits & (1 << T.RAR)) out[n++] = T.transition(T.SIGNAL, v, T.RAR)
    return n
  }
}

/** The sources of what the environment may do but never has to. */
function environmentOf({ machine, environment, devices }: Parts): Source[] {
  if (!environment.mayAct) return []
  return [
    ...Array.from(
      { length: machine.config.vcpus },
      (_, v): Source =>
        (out, n) =>
          environment.add(v, out, n),
    ),
    ...(devices?.environment ?? []),
  ]
}

/** The arrivals of INVLPGBs that are on their way. */
function broadcastsOf(machine: Machine): Source[] {
  const { pcpus, invlpgb } = machine.config
  if (invlpgb === 0) return []
  return Array.from({ length: broadcastPlaces(machine) * pcpus }, (_, i) => {
    const place = Math.floor(i / pcpus)
    const pcpu = i % pcpus
    return when(() => broadcastAt(machine, place, pcpu) !== 0, T.transition(T.BROADCAST, pcpu, place))
  })
}

/** A source of one transition. */
const when =
  (isEnabled: () => boolean, transition: number): Source =>
  (out, n) => {
    if (!isEnabled()) return n
    out[n] = transition
    return n + 1
  }
