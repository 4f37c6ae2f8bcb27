/** What software tells the IOMMU: where devices are attached, and what to invalidate (Linux qi_submit_sync). */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from './config.ts'
import {
  IOMMU_ATTACH,
  IQ_SUBMIT,
  STATUS_MAX,
  invalidationDescriptor,
  waitDescriptor,
  type Invalidation,
} from './iommu.ts'
import { UNTIL, XCHG } from './memory.ts'
import { need } from './operands.ts'
import { resultsOf, type Word } from './word.ts'

export class IommuQueue {
  private readonly config: MachineConfig

  constructor(config: MachineConfig) {
    this.config = config
  }

  /**
   * Makes a device translate by the tables of a space; devices begin in the first. What is cached for the device goes
   * with the old one. VT-d: context-cache and IOTLB invalidation after a context entry was changed.
   */
  *attach(device: number, space: number): Code {
    this.need('A device')
    if (!(device >= 0 && device < this.config.devices))
      throw fail.badConfig('device of attach', device, `0 to ${this.config.devices - 1}`)
    this.checkSpace('attach', space)
    yield* perform(IOMMU_ATTACH, device, space)
  }

  /** Submits an invalidation; the hardware does it some time later, in order. `pages` is a mask. */
  *invalidate(space: number, what: Invalidation): Code {
    this.need('The invalidation queue')
    this.checkSpace('invalidate', space)
    const all = 2 ** this.config.pages.length - 1
    if (!(what.pages > 0 && what.pages <= all))
      throw fail.badConfig('pages of invalidate', what.pages, `a mask from 1 to ${all}`)
    if (what.deviceTlb === true) need('A device-TLB', this.config.deviceTlbs, 'deviceTlbs')
    yield* perform(IQ_SUBMIT, invalidationDescriptor(space, what))
  }

  /** Submits a wait descriptor: when all before it is done, the hardware stores `value` in `status`. */
  *signal(status: Word, value = 1): Code {
    this.need('The invalidation queue')
    const most = Math.min(status.max, STATUS_MAX)
    if (!(value >= 0 && value <= most)) throw fail.badConfig('value of signal', value, `0 to ${most}`)
    yield* perform(IQ_SUBMIT, waitDescriptor(value), status.at)
  }

  /**
   * Invalidates, in device-TLBs as well and there last, since they are filled from the IOTLB, and waits: when it returns,
   * no device uses an older translation. `status` is the caller's alone
   * meanwhile; it is cleared first, with a locked operation, so that no buffered store of it comes later.
   */
  *flush(space: number, what: Invalidation, status: Word): Code {
    yield* perform(XCHG, status.at, 0, 0, resultsOf(status))
    yield* this.invalidate(space, what)
    if (this.config.deviceTlbs && what.deviceTlb !== true)
      yield* this.invalidate(space, { pages: what.pages, deviceTlb: true })
    yield* this.signal(status, 1)
    yield* perform(UNTIL, status.at, -1, 1)
  }

  private need(what: string): void {
    if (this.config.devices === 0) throw fail.needsFeature(what, 'devices')
  }

  private checkSpace(method: string, space: number): void {
    if (!(space >= 0 && space < this.config.spaces))
      throw fail.badConfig(`space of ${method}`, space, `0 to ${this.config.spaces - 1}`)
  }
}
