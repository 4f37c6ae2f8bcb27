/**
 * Who takes a transition, as a dense number: vCPUs, host, RCU, the walker of each vCPU, devices, the IOMMU, pCPUs that
 * INVLPGBs reach, store buffers. A change of actor is a context switch.
 */
import type { MachineConfig } from '../machine/config.ts'
import * as T from './transition.ts'

export class Actors {
  readonly count: number
  private readonly vcpus: number
  private readonly firstBroadcast: number
  private readonly firstDrain: number

  constructor({ vcpus, pcpus, devices, invlpgb, storeBuffer }: MachineConfig) {
    this.vcpus = vcpus
    this.firstBroadcast = 2 * vcpus + 2 + (devices > 0 ? devices + 1 : 0)
    this.firstDrain = this.firstBroadcast + (invlpgb > 0 ? pcpus : 0)
    this.count = this.firstDrain + (storeBuffer > 0 ? vcpus : 0)
  }

  of(t: number): number {
    const { vcpus } = this
    const kind = T.kindOf(t)
    const who = T.whoOf(t)
    if (kind === T.BROADCAST) return this.firstBroadcast + who
    if (kind === T.RCU_FREE) return vcpus + 1
    if (kind === T.DRAIN) return this.firstDrain + who
    // The walker of each vCPU, then each device, then the IOMMU.
    if (kind >= T.SPECULATE || (kind === T.STEP && who >= vcpus)) return vcpus + 2 + who
    return kind === T.STEP || kind === T.INTERRUPT || kind === T.SIGNAL ? who : vcpus
  }
}
