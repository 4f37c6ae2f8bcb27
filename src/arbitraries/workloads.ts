/**
 * Guest workloads, drawn as a hunt draws them, and shrunk towards the canonical workload of fewest operations. The
 * policy's own operations take part. How the operations interleave is not theirs to say: that is a schedule.
 */
import type { Random } from 'fast-check'
import { z } from 'zod'
import { Random as Xoshiro } from '../engine/random.ts'
import type { Policy } from '../guest/policy.ts'
import { boundsFor } from '../scenario/bounds.ts'
import { sampleWorkload } from '../scenario/sample.ts'
import { busyCpus, operationCount, operationDomain } from '../scenario/workload.ts'
import { canonicalWorkload } from '../scenario/canonical-workload.ts'
import type { Operation, Workload } from '../scenario/workload.ts'
import { PlainArbitrary } from './plain.ts'
import { isSmaller, type Measure, type Shape } from './shape.ts'

/** A policy, whatever its variables and options are. */
// oxlint-disable-next-line typescript/no-explicit-any -- policies differ in type by what they declare, and none of it is touched here
export type AnyPolicy = Policy<any, any>

export interface WorkloadLimits {
  /** Default: what the policy asks for, or 2. */
  readonly vcpus?: number
  /** Guest operations of a drawn workload, at most; the policy's own come in addition. Default 4. */
  readonly operations?: number
  /** The pages that workloads can name. Default: what the policy asks for, or those of the default bounds. */
  readonly groups?: readonly (readonly number[])[]
}

/**
 * Workloads for a policy: operations by CPU.
 *
 * The measure of a workload is the number of its operations, then of its busy CPUs, then its operations in the order
 * of the policy's domain: the order of `enumerateWorkloads`.
 */
export function workloads(policy: AnyPolicy, limits: WorkloadLimits = {}): PlainArbitrary<Workload> {
  return new PlainArbitrary(workloadShape(policy, limits))
}

const schema = z.array(z.array(z.strictObject({ op: z.string(), page: z.number().optional() })))

const keyOf = ({ op, page }: Operation): string => `${op} ${page ?? ''}`

export function workloadShape(policy: AnyPolicy, limits: WorkloadLimits): Shape<Workload> {
  const bounds = boundsFor(policy)
  const { vcpus = bounds.vcpus, operations = 4, groups = bounds.groups } = limits
  const domain = operationDomain(policy, groups)
  const pages = groups.flat()
  const ranks = new Map(domain.map((operation, rank) => [keyOf(operation), rank]))
  const rankOf = (operation: Operation): number => ranks.get(keyOf(operation)) ?? domain.length

  const measure = (workload: Workload): Measure => [
    operationCount(workload),
    busyCpus(workload),
    ...workload.flatMap((ops) => [0 - ops.length, ...ops.map(rankOf)]),
  ]
  /** Operations that could stand in place of one: the same on a simpler page first, for the race may be about it. */
  const simpler = (operation: Operation): Operation[] =>
    domain
      .slice(0, rankOf(operation))
      .toSorted((a, b) => Number(b.op === operation.op) - Number(a.op === operation.op))
  const simplerPages = pages.flatMap((from, i) => pages.slice(0, i).map((to) => [from, to] as const))
  /** The workload about another page: a race is about one, so all that is about a page has to move at once. */
  const moved = (workload: Workload, from: number, to: number): Workload =>
    workload.map((ops) =>
      ops.map((each) => {
        const there = { ...each, page: to }
        return each.page === from && ranks.has(keyOf(there)) ? there : each
      }),
    )

  return {
    measure,
    draw(random: Random, small) {
      // The hunt's own distribution, so that what is said of one holds for the other.
      const source = new Xoshiro(random.nextInt(-0x80000000, 0x7fffffff))
      return sampleWorkload(source, policy, {
        vcpus,
        operations: small ? Math.min(operations, 2) : operations,
        groups,
      })
    },
    accepts(value) {
      const parsed = schema.safeParse(value)
      return (
        parsed.success &&
        parsed.data.length <= vcpus &&
        parsed.data.flat().every((each) => ranks.has(keyOf(each as Operation)))
      )
    },
    *smaller(workload) {
      yield* withoutSome(workload)
      const others = [
        canonicalWorkload(workload, policy, groups),
        ...withFewerCpus(workload),
        ...simplerPages.map(([from, to]) => moved(workload, from, to)),
      ]
      yield* others.filter((other) => isSmaller(measure(other), measure(workload)))
      for (const [cpu, ops] of workload.entries()) {
        for (const [i, operation] of ops.entries()) {
          for (const other of simpler(operation)) yield workload.with(cpu, ops.with(i, other))
        }
      }
    },
  }
}

/** Without all that a CPU does, then without one operation. */
function* withoutSome(workload: Workload): Generator<Workload> {
  for (const [cpu, ops] of workload.entries()) if (ops.length > 1) yield workload.with(cpu, [])
  for (const [cpu, ops] of workload.entries()) {
    for (const i of ops.keys()) yield workload.with(cpu, ops.toSpliced(i, 1))
  }
}

/** One CPU does what two did, one after the other. */
function* withFewerCpus(workload: Workload): Generator<Workload> {
  for (const [from, ops] of workload.entries()) {
    for (const [to, others] of workload.entries()) {
      if (from === to || ops.length === 0 || others.length === 0) continue
      yield workload.with(from, []).with(to, [...others, ...ops])
    }
  }
}
