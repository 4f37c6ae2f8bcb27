/**
 * The workloads within some bounds by their number, smallest first. The first ones are kept; those behind are made when
 * they are asked for, one after the other, so numbers are best asked for in their order.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import { eachBoundedWorkload } from '../scenario/enumerate-workloads.ts'
import { type Workload } from '../scenario/workload.ts'

/** Workloads that are kept, so that it can be said how many there are if there are no more. */
const KEPT = 10_000
/** ... and between two questions whether to stop. */
const UNASKED = 500

export class WorkloadList {
  /** How many there are; undefined as long as nobody knows. */
  count: number | undefined
  private readonly begin: () => Generator<Workload, void>
  private upcoming: Generator<Workload, void>
  private readonly kept: Workload[] = []
  /** Number of the workload that comes next, and the one before it. */
  private next = 0
  private last: Workload | undefined

  constructor(policy: AnyPolicy, bounds: Bounds, operations: number) {
    const { vcpus, groups } = bounds
    this.begin = () => eachBoundedWorkload(policy, vcpus, operations, groups, cpusAlike(policy, bounds))
    this.upcoming = this.begin()
  }

  /** Makes those that are kept, so that {@link count} is known if there are no more. */
  listAhead(stop: (() => boolean) | undefined): void {
    while (this.count === undefined && this.kept.length < KEPT) {
      if (this.kept.length % UNASKED === UNASKED - 1 && stop?.() === true) return
      this.take()
    }
  }

  /** The workload of a number; undefined if there are not so many. */
  at(number: number): Workload | undefined {
    if (number < this.kept.length) return this.kept[number]
    if (number < this.next - 1) {
      this.upcoming = this.begin()
      this.next = 0
    }
    while (this.next <= number && (this.count === undefined || this.next < this.count)) this.take()
    return number === this.next - 1 ? this.last : undefined
  }

  private take(): void {
    const { value, done } = this.upcoming.next()
    if (done === true) {
      this.count = this.next
      return
    }
    this.last = value
    if (this.next === this.kept.length && this.next < KEPT) this.kept.push(value)
    this.next++
  }
}
