/**
 * Where a machine keeps what its interrupt features need: the interrupt shadow, HLT, vectors in service, NMIs, offline
 * CPUs, INVLPGBs on their way, and the tables of Remote Action Requests. Of a feature that is off there is nothing.
 */
import type { Layout } from '../engine/layout.ts'
import type { MachineConfig } from './config.ts'
import { OPERAND_MAX } from './operand.ts'
import { word, type Word } from './word.ts'

/** States of an action: what the byte of a CPU's action vector says of one payload. */
export const RAR_SUCCESS = 0
export const RAR_PENDING = 1
export const RAR_FAILURE = 2

/** States of a CPU that can go offline. */
export const RUNNING = 0
export const WAITS_FOR_SIPI = 1
/** It runs, and has been sent INIT and SIPI for when it does not. */
export const TO_BE_STARTED = 2

export class Events {
  /** Per vCPU: STI was the instruction before this one; -1 without the feature. */
  readonly shadow: number
  /** Per vCPU: in HLT. */
  readonly halted: number
  /** Per vCPU: vector + 1 whose handler was interrupted or may be; -1 without nesting. */
  readonly inService: number
  /** Per vCPU: an NMI is pending; -1 without NMIs. */
  readonly nmi: number
  /** Per vCPU: IF as the NMI that is being handled found it. */
  readonly flagBelow: number
  /** NMIs that have arrived from outside. */
  readonly arrived: number
  /** Per vCPU: whether it waits for a SIPI; -1 without hotplug. */
  readonly offline: number
  /** INVLPGBs on their way, by issuing pCPU, slot and receiving pCPU: the operand, 0 for none. */
  readonly broadcasts: number
  /** The payload table: an operand each. */
  readonly payloads: readonly Word[]
  /** Action vectors, by CPU and payload. */
  readonly actions: readonly (readonly Word[])[]
  /** Per vCPU: a RAR signal is pending; -1 without RAR. */
  readonly signal: number

  constructor(layout: Layout, config: MachineConfig) {
    const { vcpus, pcpus, interruptShadow, nesting, nmis, hotplug, invlpgb, rar } = config
    const field = (on: boolean, name: string, length: number, max: number): number =>
      on ? layout.add(name, length, max) : -1
    const words = (name: string, count: number, max: number): Word[] => {
      const at = layout.add(name, count, max)
      return Array.from({ length: count }, (_, i) => word(at + i, max, `${name}[${i}]`))
    }
    this.shadow = field(interruptShadow, 'interrupt shadow', vcpus, 1)
    this.halted = field(interruptShadow, 'halted', vcpus, 1)
    this.inService = field(nesting, 'vector in service', vcpus, 8)
    this.nmi = field(nmis > 0, 'pending NMI', vcpus, 1)
    this.flagBelow = field(nmis > 0, 'IF below NMI', vcpus, 1)
    this.arrived = field(nmis > 0, 'NMIs', 1, nmis)
    this.offline = field(hotplug > 0, 'offline', vcpus, TO_BE_STARTED)
    this.broadcasts = field(invlpgb > 0, 'INVLPGB', pcpus * invlpgb * pcpus, OPERAND_MAX)
    this.payloads = words('RAR payload', rar, OPERAND_MAX)
    this.actions =
      rar === 0
        ? []
        : Array.from({ length: vcpus }, (_, cpu) =>
            words(`RAR action of CPU${cpu}, payload`, rar, RAR_FAILURE),
          )
    this.signal = field(rar > 0, 'pending RAR', vcpus, 1)
  }
}
