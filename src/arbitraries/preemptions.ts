/**
 * Preemption points: where the host takes a vCPU off its pCPU, and for how long. How often it may is a bound of the
 * machine: a point beyond that budget has no effect. Where the vCPU goes afterwards is a decision of the host.
 */
import { z } from 'zod'
import { defaultBounds } from '../scenario/bounds.ts'
import { PlainArbitrary } from './plain.ts'
import { listShape, natural, naturalBelow, recordShape, type Shape } from './shape.ts'

export interface PreemptionPoint {
  /** Transitions from the beginning: the vCPU is preempted after so many, or as soon as it can be from then on. */
  readonly step: number
  readonly cpu: number
  /** Transitions that it stays away for; fewer if nobody else can go on. One that is away already stays so much longer. */
  readonly for: number
}

export interface PreemptionLimits {
  /** Default 2. */
  readonly vcpus?: number
  /** Points, at most. Default 2. */
  readonly count?: number
  /** Largest `step` that is drawn. Default 31. */
  readonly steps?: number
}

/** Preemption points in ascending order. The measure is their number, then point by point: step, duration, vCPU. */
export function preemptionPoints(limits: PreemptionLimits = {}): PlainArbitrary<readonly PreemptionPoint[]> {
  return new PlainArbitrary(preemptionShape(limits))
}

/** A drawn absence has up to 2 to this power transitions. */
const LONGEST = 5

export function preemptionShape(limits: PreemptionLimits): Shape<readonly PreemptionPoint[]> {
  const { vcpus = defaultBounds.vcpus, count = 2, steps = 31 } = limits
  const point = recordShape<PreemptionPoint>({
    schema: z.strictObject({
      step: natural,
      cpu: naturalBelow(vcpus),
      for: natural,
    }),
    least: [0, 0, 0],
    encode: (each) => [each.step, each.for, each.cpu],
    decode: ([step, duration, cpu]) => ({ step, cpu, for: duration }),
    draw: (random, small) => ({
      step: random.nextInt(0, small ? Math.min(steps, 7) : steps),
      cpu: random.nextInt(0, vcpus - 1),
      for: random.nextInt(0, 2 ** random.nextInt(0, LONGEST)),
    }),
  })
  return listShape(point, { count, by: ({ step }) => step })
}

/** Points in the order in which they are due. */
export const ascending = (points: readonly PreemptionPoint[]): readonly PreemptionPoint[] =>
  points.toSorted((a, b) => a.step - b.step)
