/**
 * What a CPU sends to others by its local APIC beside fixed interrupts, and waits for from them: NMIs, and what takes a
 * CPU offline and starts it again. A scenario's machine must have the feature.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from './config.ts'
import { SEND_NMI } from './interrupts.ts'
import { PARK, STARTED, START_CPU } from './offline.ts'

export class Apic {
  private readonly config: MachineConfig

  constructor(config: MachineConfig) {
    this.config = config
  }

  /** Sends an IPI with NMI delivery mode: IF does not hold it off, a handler of an NMI does. Does not wait. */
  *sendNmi(target: number): Code {
    if (this.config.nmis === 0) throw fail.needsFeature('NMI delivery', 'nmis')
    this.check('sendNmi', target)
    yield* perform(SEND_NMI, target)
  }

  /**
   * Takes this CPU offline: nothing happens on it until another sends INIT and SIPI. Code goes on behind it as the
   * start-up code, with IF clear, CR3 0 and nothing cached.
   */
  *waitForSipi(): Code {
    if (this.config.hotplug === 0) throw fail.needsFeature('an offline CPU', 'hotplug')
    yield* perform(PARK)
    yield* perform(STARTED)
  }

  /** Sends INIT and SIPI to a CPU that is offline or on its way there. Does not wait. */
  *start(target: number): Code {
    if (this.config.hotplug === 0) throw fail.needsFeature('INIT and SIPI', 'hotplug')
    this.check('start', target)
    yield* perform(START_CPU, target)
  }

  private check(method: string, target: number): void {
    if (!(target >= 0 && target < this.config.vcpus))
      throw fail.badConfig(`target of ${method}`, target, `a CPU from 0 to ${this.config.vcpus - 1}`)
  }
}
