/** Stable names of transitions (who, what): schedules are kept as lists of them, so a name must never change. */
import type { Rcu } from '../guest/rcu.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { Devices } from './devices.ts'
import type { Environment } from './environment.ts'
import type { Parts } from './parts.ts'
import * as T from './transition.ts'

export class TransitionNames {
  private readonly config: MachineConfig
  private readonly rcu: Rcu
  private readonly environment: Environment
  private readonly devices: Devices | undefined
  private readonly vectors: readonly string[]

  constructor({ machine, kernel, environment, devices, vectors }: Parts) {
    this.config = machine.config
    this.rcu = kernel.rcu
    this.environment = environment
    this.devices = devices
    this.vectors = vectors
  }

  of(t: number): string {
    const who = T.whoOf(t)
    const detail = T.detailOf(t)
    const ofDevice = T.kindOf(t) === T.STEP || T.kindOf(t) >= T.SPECULATE
    if (this.devices !== undefined && who >= this.config.vcpus && ofDevice) return this.devices.name(t)
    switch (T.kindOf(t)) {
      case T.STEP:
        return detail === 0 ? `cpu${who}` : `cpu${who} alternative ${detail}`
      case T.INTERRUPT:
        return `interrupt cpu${who} ${this.vectors[detail]}`
      case T.SIGNAL:
        return `interrupt cpu${who} ${detail === T.NMI ? 'NMI' : 'RAR'}`
      case T.NMI_ARRIVES:
        return `nmi cpu${who}`
      case T.BROADCAST:
        return this.broadcast(who, detail)
      case T.EXIT:
        return `exit cpu${who}`
      case T.RCU_FREE:
        return `rcu ${this.rcu.nameOf(who)}`
      case T.SCHEDULE:
        return `schedule cpu${who} on pcpu${detail}`
      case T.DESCHEDULE:
        return `deschedule cpu${who}`
      case T.DRAIN:
        return `drain cpu${who}`
      case T.PREEMPT:
        return `preempt cpu${who}`
      case T.SPECULATE:
        return this.speculation(who, detail)
      case T.SPECULATION_STEP:
        return `walker cpu${who}`
      default:
        return `evict cpu${who} ${this.environment.evictableName(detail)}`
    }
  }

  private speculation(v: number, detail: number): string {
    const { pages } = this.config
    return `speculate cpu${v} page ${pages[detail % pages.length]}${detail >= pages.length ? ' for a store' : ''}`
  }

  private broadcast(pcpu: number, place: number): string {
    const { invlpgb } = this.config
    const which = invlpgb > 1 ? ` number ${place % invlpgb}` : ''
    return `invlpgb${which} of pcpu${Math.floor(place / invlpgb)} at pcpu${pcpu}`
  }
}
