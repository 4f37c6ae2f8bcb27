/** How what was merged so far is written down between one session and the next: the fields that all plans have. */
import { z } from 'zod'
import { WITNESSES, type WitnessKind } from '../machine/facts.ts'
import type { Met } from '../scenario/race.ts'

export const count = z.number().int().min(0)

export const witnessesSchema = z.array(z.enum(Object.keys(WITNESSES) as [WitnessKind, ...WitnessKind[]]))

const operation = z.strictObject({ op: z.string(), page: count.optional() })

export const metSchema = z.array(
  z.strictObject({
    workload: z.array(z.array(operation)),
    /** Transitions by their number, which one version of the package numbers alike. */
    schedule: z.array(count),
    violation: z.strictObject({ invariant: z.string(), explanation: z.string() }),
    run: count,
  }),
)

type WrittenMet = z.infer<typeof metSchema>

export const writeMet = (met: readonly Met[]): WrittenMet =>
  met.map(({ workload, schedule, violation, run }) => ({
    workload: workload.map((ops) => ops.map((operation) => ({ ...operation }))),
    schedule: [...schedule],
    violation: { ...violation },
    run,
  }))

export const readMet = (written: WrittenMet): Met[] =>
  written.map(({ workload, schedule, violation, run }) => ({
    workload: workload.map((ops) => ops.map(({ op, page }) => (page === undefined ? { op } : { op, page }))),
    schedule: Int32Array.from(schedule),
    violation,
    run,
  }))
