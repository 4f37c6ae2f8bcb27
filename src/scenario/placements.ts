/**
 * Workloads drawn evenly, to learn about all of them from a few. What is drawn evenly is a placement: a workload as it is
 * written, where those that stand for each other are told apart; how many those are is a formula. A workload that is
 * written in o ways is drawn o times as often as it should be, and counts 1/o: sums over all workloads are then those
 * of the sample, times the placements, over its size (Horvitz and Thompson, "A generalization of sampling without
 * replacement from a finite universe", 1952).
 */
import type { Random } from '../engine/random.ts'
import { isOnce, operationNames } from '../guest/operations/index.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { cpusAlike, type Bounds } from './bounds.ts'
import { operationDomain, subjectOf, type Operation, type Workload } from './workload.ts'
import { permutations, treatsPagesAlike } from './canonical-workload.ts'

/** Placements of so many operations of the guest and of the policy. */
interface Class {
  readonly guest: number
  readonly own: number
  readonly count: number
}

export class Placements {
  /** How many there are, within the precision of a number. */
  readonly count: number
  private readonly vcpus: number
  private readonly guest: readonly Operation[]
  private readonly own: readonly Operation[]
  private readonly classes: readonly Class[]
  private readonly orders: readonly (readonly number[])[]
  /** What pages can be renamed to, by page: the identity among them. */
  private readonly renamings: readonly ReadonlyMap<number, number>[]
  private readonly policy: AnyPolicy

  /** Placements of up to `operations` operations of the guest, and others of the policy, each at most once. */
  constructor(policy: AnyPolicy, bounds: Bounds, operations: number) {
    const { vcpus, groups } = bounds
    const domain = operationDomain(policy, groups)
    this.policy = policy
    this.vcpus = vcpus
    this.guest = domain.filter(({ op }) => !isOnce(policy, op))
    this.own = domain.filter(({ op }) => isOnce(policy, op))
    const most = operations + operationNames(policy).filter((op) => isOnce(policy, op)).length
    const classes: Class[] = []
    for (let guest = 1; guest <= operations; guest++) {
      for (let own = 0; own <= this.own.length && guest + own <= most; own++) {
        const total = guest + own
        // Where the CPUs' lists end; which operations are the policy's, and which ones; which ones the guest's are.
        const count =
          choose(total + vcpus - 1, vcpus - 1) *
          choose(total, own) *
          falling(this.own.length, own) *
          this.guest.length ** guest
        if (count > 0) classes.push({ guest, own, count })
      }
    }
    this.classes = classes
    this.count = classes.reduce((sum, { count }) => sum + count, 0)
    this.orders = cpusAlike(policy, bounds)
      ? permutations(vcpus)
      : [Array.from({ length: vcpus }, (_, cpu) => cpu)]
    this.renamings = treatsPagesAlike(policy) ? renamings(groups) : [new Map()]
  }

  /** In how many ways a workload may be written, at most. */
  get ways(): number {
    return this.orders.length * this.renamings.length
  }

  draw(random: Random): Workload {
    let at = (random.next() >>> 0) / 0x100000000
    const drawn = this.classes.find(({ count }) => (at -= count / this.count) < 0) ?? this.classes.at(-1)!
    const total = drawn.guest + drawn.own
    const left = [...this.own]
    const places = evenly(random, total, drawn.own)
    const operations = Array.from({ length: total }, (_, i) =>
      places.has(i)
        ? left.splice(random.below(left.length), 1)[0]
        : this.guest[random.below(this.guest.length)],
    )
    const ends = evenly(random, total + this.vcpus - 1, this.vcpus - 1)
    const workload: Operation[][] = [[]]
    for (let i = 0, next = 0; i < total + this.vcpus - 1; i++) {
      if (ends.has(i)) workload.push([])
      else workload.at(-1)!.push(operations[next++])
    }
    return workload
  }

  /** In how many ways a workload can be written. */
  waysOf(workload: Workload): number {
    const ways = new Set<string>()
    for (const renaming of this.renamings) {
      const renamed = workload.map((ops) => JSON.stringify(ops.map((each) => this.rename(each, renaming))))
      for (const order of this.orders) ways.add(order.map((cpu) => renamed[cpu]).join(';'))
    }
    return ways.size
  }

  private rename({ op, page }: Operation, renaming: ReadonlyMap<number, number>): Operation {
    if (page === undefined || subjectOf(this.policy, op) === 'region')
      return { op, ...(page !== undefined && { page }) }
    return { op, page: renaming.get(page) ?? page }
  }
}

/** `count` different numbers below n, drawn evenly (Floyd's algorithm, in Bentley, "Programming pearls", CACM 1987). */
function evenly(random: Random, n: number, count: number): Set<number> {
  const drawn = new Set<number>()
  for (let i = n - count; i < n; i++) {
    const candidate = random.below(i + 1)
    drawn.add(drawn.has(candidate) ? i : candidate)
  }
  return drawn
}

/** All renamings of pages within their groups. */
function renamings(groups: readonly (readonly number[])[]): Map<number, number>[] {
  return groups.reduce<Map<number, number>[]>(
    (found, group) =>
      found.flatMap((renaming) =>
        permutations(group.length).map(
          (order) => new Map([...renaming, ...order.map((to, i) => [group[i], group[to]] as const)]),
        ),
      ),
    [new Map()],
  )
}

const choose = (n: number, k: number): number => falling(n, k) / falling(k, k)

/** n (n-1) ... with k factors. */
const falling = (n: number, k: number): number => {
  let product = 1
  for (let i = 0; i < k; i++) product *= n - i
  return product
}
