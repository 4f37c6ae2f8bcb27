/**
 * Scheduling decisions of the hypervisor: each time that it could put one of several vCPUs somewhere, or one vCPU on
 * one of several pCPUs, the next decision says what it does. Without one, the vCPU that was away longest goes on the
 * first pCPU that is free for it. When a vCPU leaves its pCPU is not decided here: see preemption points.
 */
import { z } from 'zod'
import { defaultBounds } from '../scenario/bounds.ts'
import { PlainArbitrary } from './plain.ts'
import { listShape, naturalBelow, recordShape, type Shape } from './shape.ts'

export interface HostDecision {
  /** The vCPU that is put on a pCPU; if it cannot be, the pCPU alone decides. */
  readonly cpu: number
  /** The pCPU that it is put on; if it cannot be, the first that is free for it. */
  readonly pcpu: number
}

export interface HostLimits {
  /** Default 2. */
  readonly vcpus?: number
  /** Default: as many as vCPUs. */
  readonly pcpus?: number
  /** Decisions, at most. Default 4. */
  readonly count?: number
}

/** Decisions of the host, in the order in which they are taken. The measure is their number, then each vCPU and pCPU. */
export function hostDecisions(limits: HostLimits = {}): PlainArbitrary<readonly HostDecision[]> {
  return new PlainArbitrary(hostShape(limits))
}

export function hostShape({
  vcpus = defaultBounds.vcpus,
  pcpus = vcpus,
  count = 4,
}: HostLimits): Shape<readonly HostDecision[]> {
  const decision = recordShape<HostDecision>({
    schema: z.strictObject({
      cpu: naturalBelow(vcpus),
      pcpu: naturalBelow(pcpus),
    }),
    least: [0, 0],
    encode: ({ cpu, pcpu }) => [cpu, pcpu],
    decode: ([cpu, pcpu]) => ({ cpu, pcpu }),
    draw: (random) => ({ cpu: random.nextInt(0, vcpus - 1), pcpu: random.nextInt(0, pcpus - 1) }),
  })
  return listShape(decision, { count })
}
