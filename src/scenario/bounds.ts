/**
 * Bounds: how large the machines and workloads are that a policy is raced on, and which features of the machine take
 * part. They are the small print of every result, so they are printed with it and kept in corpus cases.
 */
import { z } from 'zod'
import { fail } from '../errors.ts'
import type { KernelFeatures } from '../guest/surroundings.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { featuresOn, featuresSchema, noFeatures, tellFeatures, type Features } from '../machine/features.ts'
import { defaultLevels, machineConfig, machineConfigSchema, type MachineConfig } from '../machine/config.ts'
import { operationNamed, type GuestOperation } from '../guest/operations/index.ts'
import { DEFAULT_GROUPS, mappedPages, type Workload } from './workload.ts'
import { treatsCpusAlike } from './canonical-workload.ts'

const featureNames = Object.fromEntries(Object.keys(featuresSchema.shape).map((name) => [name, true])) as {
  [K in keyof Features]: true
}

export const boundsSchema = z.strictObject({
  ...machineConfigSchema.omit({ ...featureNames, pages: true, spaces: true }).shape,
  /** Features of the machine; those at their defaults are left out. */
  ...featuresSchema.partial().shape,
  /** Pages that workloads can name: each group is mapped by one table, and is a region if it fills it. */
  groups: z
    .array(z.array(z.number().int().min(0).max(31)).min(1))
    .min(1)
    .max(3),
  /** What gup_fast compares again: the PTE alone, as before 6.1, or the PMD as well. */
  gupRecheck: z.enum(['pte', 'pmd']),
})

export type Bounds = z.infer<typeof boundsSchema>

export const defaultBounds: Bounds = {
  vcpus: 2,
  pcpus: 2,
  levels: 2,
  entries: 2,
  preemptions: 1,
  migration: false,
  speculation: 1,
  eviction: false,
  structureCaches: true,
  vpid: true,
  groups: DEFAULT_GROUPS.map((group) => [...group]),
  gupRecheck: 'pmd',
}

/** Bounds with the defaults filled in: as many pCPUs as vCPUs unless said otherwise. */
export function makeBounds(given: Partial<Bounds> = {}): Bounds {
  const known = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Partial<Bounds>
  const merged = {
    ...defaultBounds,
    pcpus: known.vcpus ?? defaultBounds.vcpus,
    levels: defaultLevels(known),
    ...known,
  }
  const parsed = boundsSchema.safeParse(merged)
  if (parsed.success) return checkGroups(withoutDefaults(parsed.data))
  const issue = parsed.error.issues[0]
  const field = String(issue.path[0] ?? (issue.code === 'unrecognized_keys' ? issue.keys[0] : 'bounds'))
  throw fail.badConfig(`bounds.${field}`, (merged as Record<string, unknown>)[field], issue.message)
}

/** The bounds that a policy is raced within: what it asks for itself, and what is said on top of that. */
export const boundsFor = (policy: AnyPolicy, given: Partial<Bounds> = {}): Bounds =>
  makeBounds({ ...policy.machine, ...given })

/** Bounds with the features at their defaults left out, so that equal bounds are written alike. */
function withoutDefaults(bounds: Bounds): Bounds {
  return { ...withoutFeatures(bounds), ...featuresOn(bounds) }
}

const withoutFeatures = <T extends object>(given: T): Omit<T, keyof Features> =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !(name in noFeatures))) as Omit<
    T,
    keyof Features
  >

/** Groups are pages of one table: a single one, or all of them. */
function checkGroups(bounds: Bounds): Bounds {
  const { groups, entries } = bounds
  for (const group of groups) {
    const first = group[0] - (group[0] % entries)
    const whole = group.length === entries && group.every((page, i) => page === first + i)
    if (group.length !== 1 && !whole) {
      throw fail.badConfig(
        'bounds.groups',
        groups,
        `groups of one page, or of all ${entries} pages of a table in order`,
      )
    }
  }
  return bounds
}

/** The machine that a workload needs within some bounds. */
export function machineFor(policy: AnyPolicy, bounds: Bounds, workload: Workload): MachineConfig {
  const { groups, gupRecheck: _kernel, ...machine } = bounds
  return machineConfig({
    ...withoutFeatures(machine),
    ...featuresOn(policy.machine ?? {}),
    ...featuresOn(bounds),
    pages: mappedPages(workload, groups),
    spaces: spacesFor(policy, workload),
  })
}

/** Address spaces that a workload needs. */
export function spacesFor(policy: AnyPolicy, workload: Workload): number {
  const needs = needsOf(policy, workload)
  return needs.has('switching') || needs.has('spaces') ? 2 : 1
}

/** True if renumbering CPUs changes nothing: the policy claims so, and none of them has to share a pCPU. */
export const cpusAlike = (policy: AnyPolicy, bounds: Bounds): boolean =>
  treatsCpusAlike(policy) && bounds.pcpus >= bounds.vcpus && !someShareVpids(bounds)

/** True if some vCPUs start with a VPID in common and others do not. */
const someShareVpids = ({ vpids = 0, vcpus }: Bounds): boolean => vpids > 1 && vpids < vcpus

/** What the kernel has to keep track of for a workload. */
export function featuresFor(policy: AnyPolicy, bounds: Bounds, workload: Workload): KernelFeatures {
  const needs = needsOf(policy, workload)
  const switching = needs.has('switching') || needs.has('cpumask') || needs.has('spaces')
  return { lazy: needs.has('lazy'), switching, gupRecheck: bounds.gupRecheck }
}

const needsOf = (policy: AnyPolicy, workload: Workload): Set<GuestOperation['needs']> =>
  new Set(workload.flat().map(({ op }) => operationNamed(policy, op)?.needs))

/** The bounds in words, for the sentence that they belong to. */
export function tellBounds(bounds: Bounds): string {
  const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`
  return [
    plural(bounds.vcpus, 'vCPU'),
    ...(bounds.pcpus === bounds.vcpus ? [] : [plural(bounds.pcpus, 'pCPU')]),
    plural(bounds.preemptions, 'preemption'),
    ...(bounds.levels === 2 ? [] : [`${bounds.levels}-level tables`]),
    ...(bounds.speculation > 0 ? [plural(bounds.speculation, 'speculative walk')] : []),
    ...(bounds.eviction ? ['TLB eviction'] : []),
    ...(bounds.migration ? ['migration'] : []),
    ...(bounds.vpid ? [] : ['no VPID']),
    ...(bounds.structureCaches ? [] : ['no paging-structure caches']),
    ...tellFeatures(bounds),
    ...(bounds.gupRecheck === 'pmd' ? [] : ['gup_fast with the PTE re-check alone']),
  ].join(', ')
}
