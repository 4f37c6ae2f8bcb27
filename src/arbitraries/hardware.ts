/**
 * What the hardware does unasked: speculative page walks, cached translations that vanish, buffered stores that reach
 * memory. Which of it a machine does at all is a matter of its bounds; an event that the bounds rule out has no effect.
 */
import { z } from 'zod'
import { defaultBounds } from '../scenario/bounds.ts'
import { PlainArbitrary } from './plain.ts'
import { listShape, natural, naturalBelow, recordShape, type Shape } from './shape.ts'

export interface HardwareEvent {
  /** Transitions from the beginning: it happens after so many, or as soon as it can from then on. */
  readonly step: number
  readonly cpu: number
  /**
   * The next step of a speculative walk, which begins one if none is under way; the loss of a translation; or the drain
   * of the oldest buffered store.
   */
  readonly does: 'walk' | 'evict' | 'drain'
  /** Which page is walked to, or which entry is lost, by number; modulo where there is none of this number. */
  readonly pick: number
}

export interface HardwareLimits {
  /** Default 2. */
  readonly vcpus?: number
  /** Events, at most. Default 4. */
  readonly count?: number
  /** Largest `step` that is drawn. Default 31. */
  readonly steps?: number
  /** What is drawn. Default: walks and losses. */
  readonly does?: readonly HardwareEvent['does'][]
}

const DOES = ['walk', 'evict', 'drain'] as const
const DRAWN = ['walk', 'evict'] as const

/** Hardware events in ascending order. The measure is their number, then event by event: step, pick, vCPU, kind. */
export function hardwareEvents(limits: HardwareLimits = {}): PlainArbitrary<readonly HardwareEvent[]> {
  return new PlainArbitrary(hardwareShape(limits))
}

export function hardwareShape(limits: HardwareLimits): Shape<readonly HardwareEvent[]> {
  const { vcpus = defaultBounds.vcpus, count = 4, steps = 31, does = DRAWN } = limits
  const event = recordShape<HardwareEvent>({
    schema: z.strictObject({
      step: natural,
      cpu: naturalBelow(vcpus),
      does: z.enum(DOES),
      pick: natural,
    }),
    least: [0, 0, 0, 0],
    encode: (each) => [each.step, each.pick, each.cpu, DOES.indexOf(each.does)],
    decode: ([step, pick, cpu, kind]) => ({ step, cpu, does: DOES[kind], pick }),
    draw: (random) => ({
      step: random.nextInt(0, steps),
      cpu: random.nextInt(0, vcpus - 1),
      does: does[random.nextInt(0, does.length - 1)],
      pick: random.nextInt(0, 3),
    }),
  })
  return listShape(event, { count: does.length === 0 ? 0 : count, by: ({ step }) => step })
}
