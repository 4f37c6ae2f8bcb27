/**
 * The transitions that are enabled in a state of a world, in a fixed order: what code can do, vCPU by vCPU; what RCU,
 * broadcasts, store buffers and devices have left to do; what the environment may do but never has to.
 */
import type { Rcu } from '../guest/rcu.ts'
import type { Host } from '../hypervisor/host.ts'
import { broadcastAt, broadcastPlaces } from '../machine/broadcast.ts'
import type { Machine } from '../machine/machine.ts'
import type { Devices } from './devices.ts'
import type { Environment } from './environment.ts'
import type { Parts } from './parts.ts'
import type { Interrupts } from './interrupts.ts'
import type { NextSteps } from './next-steps.ts'
import type { Placement } from './placement.ts'
import type { Stacks } from './stacks.ts'
import type { Threads } from './threads.ts'
import * as T from './transition.ts'

export class Enabled {
  /** After {@link write}: how many of the transitions are progress of somebody. */
  progress = 0
  private readonly machine: Machine
  /** Per vCPU: word of its innermost coroutine, as it was looked up last. */
  private readonly tops: Int32Array
  private readonly threads: Threads
  private readonly stacks: Stacks
  private readonly nextSteps: NextSteps
  private readonly interrupts: Interrupts
  private readonly rcu: Rcu
  private readonly host: Host
  private readonly placement: Placement
  private readonly environment: Environment
  private readonly devices: Devices | undefined
  /** True if there may be something to take that IF does not mask. */
  private readonly hasSignals: boolean
  /** True if anything but vCPUs, RCU and the environment can move. */
  private readonly hasMore: boolean

  constructor(parts: Parts) {
    const { machine, devices } = parts
    this.machine = machine
    this.tops = new Int32Array(machine.config.vcpus)
    this.threads = parts.threads
    this.stacks = parts.stacks
    this.nextSteps = parts.nextSteps
    this.interrupts = parts.interrupts
    this.rcu = parts.kernel.rcu
    this.host = parts.host
    this.placement = parts.placement
    this.environment = parts.environment
    this.devices = devices
    const { vcpus, pcpus, invlpgb, storeBuffer, nmis, rar } = machine.config
    this.hasSignals = nmis > 0 || rar > 0
    this.hasMore = vcpus > pcpus || invlpgb > 0 || storeBuffer > 0 || devices !== undefined
  }

  /** Writes what is enabled now to `out`; returns how many. */
  write(out: Int32Array): number {
    const { rcu, tops } = this
    let n = 0
    for (let v = 0; v < tops.length; v++) n = this.addOfVcpu(v, out, n)
    for (let i = 0; i < rcu.deferrals; i++) if (rcu.isDue(i)) out[n++] = T.transition(T.RCU_FREE, i)
    if (this.hasMore) n = this.addMore(out, n)
    this.progress = n
    if (!this.environment.mayAct || (n === 0 && this.threads.ended())) return n
    n = this.environment.add(tops, out, n)
    return this.devices === undefined ? n : this.devices.addEnvironment(out, n)
  }

  /** Adds the steps of a vCPU, the interrupts that it can take, and what the host can do with it. */
  private addOfVcpu(v: number, out: Int32Array, count: number): number {
    const { S, on, pending, interruptFlag } = this.machine
    const { stacks, nextSteps } = this
    let n = count
    const top = (this.tops[v] = stacks.top(v))
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

  /** Adds what only some machines have: broadcasts, store buffers, devices, vCPUs that share pCPUs. */
  private addMore(out: Int32Array, count: number): number {
    const { buffer, config } = this.machine
    const { vcpus, pcpus, invlpgb } = config
    let n = count
    if (invlpgb > 0) n = this.addBroadcasts(out, n)
    if (vcpus > pcpus) n = this.placement.addDeschedules(out, n)
    if (buffer.depth > 0) {
      for (let v = 0; v < vcpus; v++) if (!buffer.isEmpty(v)) out[n++] = T.transition(T.DRAIN, v)
    }
    return this.devices === undefined ? n : this.devices.add(out, n)
  }

  /** Adds the arrivals of INVLPGBs that are on their way. */
  private addBroadcasts(out: Int32Array, count: number): number {
    const { machine } = this
    let n = count
    for (let place = 0; place < broadcastPlaces(machine); place++) {
      for (let pcpu = 0; pcpu < machine.config.pcpus; pcpu++)
        if (broadcastAt(machine, place, pcpu) !== 0) out[n++] = T.transition(T.BROADCAST, pcpu, place)
    }
    return n
  }
}
