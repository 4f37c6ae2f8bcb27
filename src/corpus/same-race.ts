/**
 * When two cases keep the same race: the same policy with the same options breaks the same invariant, in the same
 * workload, by the same transitions, up to the numbering of CPUs and of the pages of a table where the policy treats those
 * alike. What the environment was allowed to do beyond what it did is no part of a race; the machine is. Each numbering is
 * tried out: one that does not lead to the violation does not count, so cases are never taken for the same without being so.
 */
import { ShootdownError } from '../errors.ts'
import { optionsOf } from '../guest/policy-schema.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import {
  canonicalWorkload,
  permutations,
  renamePages,
  treatsPagesAlike,
} from '../scenario/canonical-workload.ts'
import { subjectOf, type Workload } from '../scenario/workload.ts'
import { canonical } from './case.ts'
import { raceOfCase } from './race.ts'
import type { Case } from './schema.ts'

/** How the CPUs and pages of a case are numbered anew; pages that are not in it stay. */
interface Numbering {
  readonly workload: Workload
  /** By old number. */
  readonly cpus: readonly number[]
  readonly pages: ReadonlyMap<number, number>
}

/**
 * A text that two cases have in common if they keep the same race.
 * @throws ShootdownError if the case is no race of this policy, or not any more
 */
export function sameRaceKey(file: string, kept: Case, policy: AnyPolicy): string {
  raceOfCase(file, kept, policy)
  const names = kept.schedule.map((entry) => entry.do)
  const told = numberings(kept, policy)
    .map((numbering) => ({
      workload: numbering.workload,
      names: names.map((name) => renamed(name, numbering)),
    }))
    .filter(({ workload, names: renumbered }) => isRace(kept, policy, workload, renumbered))
    .map(({ workload, names: renumbered }) => canonical([withoutIdle(workload), renumbered]))
  const options = policy.options === undefined ? {} : optionsOf(policy, kept.options ?? {})
  const { invariant, cycle, expect } = kept
  return canonical({
    policy: kept.policy,
    options,
    invariant,
    cycle,
    expect,
    machine: machineOf(kept.bounds),
    // No numbering is the canonical one where the policy is not as alike as it says: then its own has to do.
    race: told.toSorted()[0] ?? canonical([withoutIdle(kept.workload as Workload), names]),
  })
}

/** Of the bounds, what a race is raced on: not how often the environment may interfere, nor how many CPUs look on. */
function machineOf(bounds: Bounds): Partial<Bounds> {
  const { vcpus, pcpus, preemptions: _p, speculation: _s, eviction: _e, migration: _m, ...machine } = bounds
  // Where vCPUs share a pCPU, which of them are there decides who runs at first.
  return pcpus < vcpus ? { ...machine, vcpus, pcpus } : machine
}

/** The last CPUs of a workload that have nothing to do tell nothing. */
const withoutIdle = (workload: Workload): Workload =>
  workload.slice(0, workload.findLastIndex((ops) => ops.length > 0) + 1)

/** The numberings that make a workload the canonical one: more than one where it has symmetries of its own. */
function numberings({ workload, bounds }: Case, policy: AnyPolicy): Numbering[] {
  const { groups } = bounds
  const own = workload as Workload
  const alike = cpusAlike(policy, bounds)
  const least = canonical(canonicalWorkload(own, policy, groups, alike))
  const orders = alike ? permutations(own.length) : [own.map((_, cpu) => cpu)]
  return orders.flatMap((order) => {
    const ordered = order.map((cpu) => own[cpu])
    const candidate = treatsPagesAlike(policy) ? renamePages(policy, ordered, groups) : ordered
    if (canonical(candidate) !== least) return []
    const cpus = own.map((_, cpu) => order.indexOf(cpu))
    return [{ workload: candidate, cpus, pages: pagesBetween(policy, ordered, candidate, groups) }]
  })
}

/** Which page became which; those of a group that no operation names follow, in their order. */
function pagesBetween(
  policy: AnyPolicy,
  from: Workload,
  to: Workload,
  groups: Bounds['groups'],
): ReadonlyMap<number, number> {
  const pages = new Map<number, number>()
  from.forEach((ops, cpu) =>
    ops.forEach(({ op, page }, i) => {
      if (page !== undefined && subjectOf(policy, op) !== 'region') pages.set(page, to[cpu][i].page!)
    }),
  )
  for (const group of groups) {
    const taken = new Set(group.map((page) => pages.get(page)))
    const free = group.filter((page) => !taken.has(page))
    for (const page of group) if (!pages.has(page)) pages.set(page, free.shift()!)
  }
  return pages
}

/** The name of a transition after a renumbering: names have CPUs as `cpu0` and `pcpu0`, pages as `page 0`. */
const renamed = (name: string, { cpus, pages }: Numbering): string =>
  name
    .replaceAll(/\b(p?cpu)(\d+)\b/g, (_, what: string, cpu: string) => `${what}${cpus[Number(cpu)] ?? cpu}`)
    .replaceAll(/\bpage (\d+)\b/g, (_, page: string) => `page ${pages.get(Number(page)) ?? page}`)

/** True if transitions of these names lead a workload to the violation of a case. */
function isRace(kept: Case, policy: AnyPolicy, workload: Workload, names: readonly string[]): boolean {
  const renumbered = {
    ...kept,
    workload: workload.map((ops) => [...ops]) as Case['workload'],
    schedule: names.map((name) => ({ do: name, step: name })),
  }
  try {
    return raceOfCase(kept.id, renumbered, policy).violation.invariant === kept.invariant
  } catch (thrown) {
    if (thrown instanceof ShootdownError) return false
    throw thrown
  }
}
