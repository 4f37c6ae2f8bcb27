/** What transitions do: each kind is handed to the part of the world that it is about. */
import type { Rcu } from '../guest/rcu.ts'
import type { Host } from '../hypervisor/host.ts'
import { deliverBroadcast } from '../machine/broadcast.ts'
import type { Machine } from '../machine/machine.ts'
import type { Devices } from './devices.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import type { Parts } from './parts.ts'
import type { Threads } from './threads.ts'
import * as T from './transition.ts'
import type { Walkers } from './walkers.ts'

export class Effects {
  private readonly machine: Machine
  private readonly threads: Threads
  private readonly host: Host
  private readonly rcu: Rcu
  private readonly judge: Judge
  private readonly walkers: Walkers
  private readonly environment: Environment
  private readonly devices: Devices | undefined

  constructor({ machine, threads, host, kernel, judge, walkers, environment, devices }: Parts) {
    this.machine = machine
    this.threads = threads
    this.host = host
    this.rcu = kernel.rcu
    this.judge = judge
    this.walkers = walkers
    this.environment = environment
    this.devices = devices
  }

  /** Takes a transition that is enabled, and has the policy's own invariants judged. */
  apply(t: number): void {
    const { machine, threads } = this
    const who = T.whoOf(t)
    // Steps are most of what happens.
    if (T.kindOf(t) === T.STEP && who < machine.walkers) {
      machine.alternative = T.detailOf(t)
      threads.step(who)
    } else {
      machine.alternative = 0
      this.applyOther(T.kindOf(t), who, T.detailOf(t))
    }
    if (this.judge.looksAtStates) this.judge.judgeState()
  }

  private applyOther(kind: number, who: number, detail: number): void {
    const { threads, host, machine } = this
    switch (kind) {
      case T.STEP:
        return this.devices!.iommu.process()
      case T.INTERRUPT:
        return threads.interrupt(who, detail)
      case T.EXIT:
        host.exit(who)
        return host.enter(who)
      case T.RCU_FREE:
        return this.rcu.doDeferred(who)
      case T.DRAIN:
        return machine.buffer.drain(who)
      case T.SIGNAL:
        if (detail === T.RAR) return threads.takeRar(who)
        machine.S[machine.events.nmi + who] = 0
        return threads.takeNmi(who)
      case T.BROADCAST:
        return deliverBroadcast(machine, detail, who)
      case T.NMI_ARRIVES:
        machine.S[machine.events.arrived]++
        return threads.takeNmi(who)
      case T.PREEMPT:
        machine.S[host.preemptions]++
        return this.deschedule(who)
      case T.DESCHEDULE:
        return this.deschedule(who)
      case T.SCHEDULE:
        if (host.schedule(who, detail)) threads.hook(who, 'onVcpuEntry')
        return
      case T.SPECULATE:
        return this.speculate(who, detail)
      case T.SPECULATION_STEP:
        return this.walkers.stepSpeculation(who)
      default:
        return who < machine.config.vcpus
          ? this.environment.evict(who, detail)
          : this.devices!.evict(who, detail)
    }
  }

  private deschedule(v: number): void {
    this.host.preempt(v)
    this.threads.hook(v, 'onVcpuExit')
  }

  /** An access that no code asked for; `detail` counts pages, for loads first and then for stores. */
  private speculate(who: number, detail: number): void {
    const { vcpus, pages } = this.machine.config
    if (who >= vcpus) return this.devices!.beginAccess(who, detail)
    this.walkers.speculate(who, pages[detail % pages.length], detail >= pages.length)
  }
}
