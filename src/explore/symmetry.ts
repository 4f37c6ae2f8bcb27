/**
 * A policy's claim that it treats all CPUs alike, held against what it does. Workloads that differ only in the numbering
 * of their CPUs stand for each other where the claim is made, so a wrong one would hide races. A sample is looked at,
 * which shows most mistakes and proves nothing: the steps that each operation takes alone on each CPU, and what can come
 * of a few pairs of operations on two CPUs. The order of steps does not count: kernels go through CPUs in the order of
 * their numbers.
 */
import { fail, ShootdownError } from '../errors.ts'
import { MAX_ENABLED } from '../engine/system.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import { operationDomain, type Operation, type Workload } from '../scenario/workload.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'
import { explore } from './exhaustive.ts'

/** Beyond so many transitions of a run, or states of a search, nothing is compared. */
const MAX_ALONE = 2000
const MAX_STATES = 5000
/** What is compared of a workload: how often each thing was met. */
type Sighting = ReadonlyMap<string, number>

const checked = new WeakMap<AnyPolicy, Set<string>>()

/**
 * Holds a policy's claim of symmetry against a sample, once for the same bounds.
 * @throws ShootdownError if the claim is wrong; the sentence names two workloads that are not alike
 */
export function checkSymmetry(policy: AnyPolicy, bounds: Bounds): void {
  if (!cpusAlike(policy, bounds) || bounds.vcpus < 2) return
  const known = checked.get(policy) ?? new Set<string>()
  checked.set(policy, known)
  const key = JSON.stringify(bounds)
  if (known.has(key)) return
  const { vcpus, groups } = bounds
  const calm = { ...bounds, preemptions: 0, speculation: 0, eviction: false }
  const domain = operationDomain(policy, groups)
  const names = [...new Set(domain.map(({ op }) => op))]
  const each = names.map((op) => domain.find((operation) => operation.op === op)!)
  const alone = new Worlds(policy, calm)
  for (const operation of each) compare(policy, vcpus, [operation], (w) => runAlone(alone.at(w)))
  const small = { ...calm, vcpus: 2, pcpus: 2, preemptions: Math.min(bounds.preemptions, 1) }
  const together = new Worlds(policy, small)
  const own = each.filter(({ op }) => Object.hasOwn(policy.operations ?? {}, op))
  const page = groups[0][0]
  for (const other of [{ op: 'gup_fast', page }, ...own])
    compare(policy, 2, [{ op: 'munmap', page }, other], (w) => searchAll(together.at(w)))
  known.add(key)
}

/** Compares what is seen of operations on CPUs of their own, whichever CPUs those are. */
function compare(
  policy: AnyPolicy,
  vcpus: number,
  operations: readonly Operation[],
  look: (workload: Workload) => Sighting | undefined,
): void {
  let first: { workload: Workload; seen: Sighting } | undefined
  for (const workload of placements(vcpus, operations)) {
    const seen = look(workload)
    if (seen === undefined) return
    first ??= { workload, seen }
    for (const what of new Set([...first.seen.keys(), ...seen.keys()])) {
      const counts = [first.seen.get(what) ?? 0, seen.get(what) ?? 0]
      if (counts[0] === counts[1]) continue
      const difference = `"${what}" is met ${counts[0]} times in the one and ${counts[1]} times in the other`
      throw fail.notSymmetric(policy.name, tell(first.workload), tell(workload), difference)
    }
  }
}

/** The workloads that have each of these operations on a CPU of its own. */
function placements(vcpus: number, operations: readonly Operation[]): Workload[] {
  let found: Workload[] = [Array.from({ length: vcpus }, () => [])]
  for (const operation of operations) {
    found = found.flatMap((workload) =>
      workload.flatMap((ops, cpu) => (ops.length > 0 ? [] : [workload.with(cpu, [operation])])),
    )
  }
  return found
}

const tell = (workload: Workload): string =>
  workload
    .flatMap((ops, cpu) => ops.map(({ op, page }) => `${op}(${page ?? ''}) on CPU${cpu}`))
    .join(' with ')

/** The steps of a run in which everybody else reacts at once. */
function runAlone(world: World): Sighting | undefined {
  const seen = new Map<string, number>()
  const enabled = new Int32Array(MAX_ENABLED)
  world.tracer = (_v, node) => {
    const { name } = world.co.steps[node].op
    seen.set(name, (seen.get(name) ?? 0) + 1)
  }
  world.reset()
  // At the beginning nobody else has anything to do.
  world.enabled(enabled)
  const actor = world.actor(enabled[0])
  try {
    for (let taken = 0; taken < MAX_ALONE; taken++) {
      const count = world.enabled(enabled)
      if (count === 0) return seen
      const others = enabled
        .subarray(0, world.progress)
        .find((transition) => world.actor(transition) !== actor)
      world.apply(others ?? enabled[0])
      world.clearViolation()
    }
    return undefined
  } finally {
    world.tracer = undefined
  }
}

/** What can come of a workload at all: the invariants that are violated. */
function searchAll(world: World): Sighting | undefined {
  try {
    const { violated } = explore(world, { countOnly: true, learnsAfter: Infinity, maxStates: MAX_STATES })
    return new Map([...violated].map((name) => [name, 1]))
  } catch (thrown) {
    if (thrown instanceof ShootdownError && thrown.code === 'tooManyStates') return undefined
    throw thrown
  }
}
