/**
 * Which machine: how many CPUs, how deep the tables, which pages are mapped, and which features are switched on. A
 * feature that is off takes no room in a stored state and no transitions.
 */
import { z } from 'zod'
import { fail } from '../errors.ts'
import { CachedFormat, nestingOf } from './cached.ts'
import { featuresSchema, noFeatures } from './features.ts'
import { Geometry } from './geometry.ts'

export const machineConfigSchema = z.object({
  /** Virtual CPUs. */
  vcpus: z.number().int().min(1).max(6),
  /** Physical CPUs. With fewer than vCPUs, vCPUs share them. */
  pcpus: z.number().int().min(1).max(6),
  /** Levels of the page tables: 2 (PMD, PTE) to 5 (PGD, P4D, PUD, PMD, PTE). */
  levels: z.number().int().min(2).max(5),
  /** Entries of a table. Real ones have 512; two are enough to be empty, partly and completely filled. */
  entries: z.number().int().min(2).max(4),
  /** Virtual pages that are mapped at the start, in every address space. */
  pages: z.array(z.number().int().min(0).max(63)).min(1).max(8),
  /** Address spaces (mm). CPUs start in the first. */
  spaces: z.number().int().min(1).max(2),
  /** How often the host may preempt a vCPU that runs. */
  preemptions: z.number().int().min(0).max(8),
  /** A preempted vCPU may be scheduled on another pCPU. */
  migration: z.boolean(),
  /** How many speculative page walks each run may contain. */
  speculation: z.number().int().min(0).max(8),
  /** TLB and paging-structure-cache entries may vanish at any time (SDM vol. 3, "Caching Translation Information"). */
  eviction: z.boolean(),
  /** Paging-structure caches: walks may start from a cached upper-level entry. */
  structureCaches: z.boolean(),
  /** Cached translations are tagged with the vCPU and survive VM exits. Off: VM entry flushes them. */
  vpid: z.boolean(),
  ...featuresSchema.shape,
})

export type MachineConfig = z.infer<typeof machineConfigSchema>

export const defaultMachine: MachineConfig = {
  vcpus: 2,
  pcpus: 2,
  levels: 2,
  entries: 2,
  pages: [0],
  spaces: 1,
  preemptions: 0,
  migration: false,
  speculation: 0,
  eviction: false,
  structureCaches: true,
  vpid: true,
  ...noFeatures,
}

/** Paging of IA-32e mode. */
export const LONG_MODE_LEVELS = 4

/** Levels of the tables where nothing is said of them: few, unless a feature needs more. */
export const defaultLevels = ({ pcids = 0 }: { pcids?: number | undefined }): number =>
  pcids > 0 ? LONG_MODE_LEVELS : defaultMachine.levels

/** Fills in the defaults and checks what the schema alone cannot. */
export function machineConfig(given: Partial<MachineConfig> = {}): MachineConfig {
  const merged = {
    ...defaultMachine,
    pcpus: given.vcpus ?? defaultMachine.vcpus,
    levels: defaultLevels(given),
    ...given,
  }
  const parsed = machineConfigSchema.safeParse(merged)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const field = issue.path.join('.')
    throw fail.badConfig(
      `machine.${field}`,
      (merged as Record<string, unknown>)[String(issue.path[0])],
      issue.message,
    )
  }
  const config = parsed.data
  if (config.pdptes && config.levels !== 3)
    throw fail.badConfig('machine.levels', config.levels, '3 with "pdptes", which is PAE paging')
  if (config.pdptes && config.devices > 0)
    throw fail.badConfig('machine.devices', config.devices, '0 with "pdptes": IOMMUs have no such registers')
  if (config.pdptes && config.pcids > 0)
    throw fail.badConfig('machine.pcids', config.pcids, '0 with "pdptes": PAE paging has no PCIDs')
  if (config.pcids > 0 && config.levels < LONG_MODE_LEVELS) {
    throw fail.badConfig(
      'machine.levels',
      config.levels,
      `${LONG_MODE_LEVELS} or 5 where there are PCIDs: CR4.PCIDE needs 4-level paging`,
    )
  }
  const reach = config.entries ** config.levels
  const outside = config.pages.find((page) => page >= reach)
  if (outside !== undefined)
    throw fail.badConfig('machine.pages', outside, `pages below ${reach}, which is what the tables reach`)
  if (new Set(config.pages).size !== config.pages.length)
    throw fail.badConfig('machine.pages', config.pages, 'each page once')
  if (config.deviceTlbs && config.devices === 0)
    throw fail.badConfig('machine.deviceTlbs', true, 'false, because the machine has no devices')
  if (config.dmas > 0 && config.devices === 0)
    throw fail.badConfig('machine.dmas', config.dmas, '0, because the machine has no devices')
  if (config.anyTable && config.racyDirty)
    throw fail.badConfig(
      'machine.anyTable',
      true,
      'false where "racyDirty" is on: its dirty assist knows levels only of the first tables',
    )
  const tables = tablesOf(config)
  if (tables > MAX_TABLES) {
    throw fail.badConfig(
      'machine.pages',
      config.pages,
      `pages that need ${MAX_TABLES} tables or fewer, not ${tables}, in all spaces`,
    )
  }
  const { frames } = config.anyTable ? new Geometry(config) : { frames: 0 }
  if (frames > MAX_TABLES)
    throw fail.badConfig('machine.anyTable', true, `false with ${frames} frames; it allows for ${MAX_TABLES}`)
  checkVirtualization(config)
  return config
}

/** Refuses what makes no sense together or is not modelled together, and what has no room in the word of a translation. */
function checkVirtualization(config: MachineConfig): void {
  const { vpid, vpids, ept, eptTables, eptDirty, keepOnMigration, migration, vcpus, spaces } = config
  const { devices, pdptes, emulation, svm, eptLarge } = config
  if (vpids > 0 && !vpid)
    throw fail.badConfig('machine.vpids', vpids, '0, because "vpid" is off and translations carry no VPID')
  if (svm && vpids === 0)
    throw fail.badConfig('machine.svm', svm, 'false, because "vpids" is 0 and there are no ASIDs')
  if (eptDirty && ept === 0)
    throw fail.badConfig(
      'machine.eptDirty',
      eptDirty,
      'false, because "ept" is 0 and there are no EPT entries',
    )
  if (eptTables && ept === 0)
    throw fail.badConfig(
      'machine.eptTables',
      eptTables,
      'false, because "ept" is 0 and there are no EPT entries',
    )
  if (eptLarge && !eptTables)
    throw fail.badConfig(
      'machine.eptLarge',
      eptLarge,
      'false, because "eptTables" is off and there is no level above the last',
    )
  if (keepOnMigration && !migration)
    throw fail.badConfig('machine.keepOnMigration', keepOnMigration, 'false, because "migration" is off')
  if (keepOnMigration && !vpid)
    throw fail.badConfig(
      'machine.keepOnMigration',
      keepOnMigration,
      'false, because "vpid" is off: every VM exit drops what the vCPU has cached',
    )
  if (pdptes && emulation)
    throw fail.badConfig(
      'machine.emulation',
      emulation,
      'false with "pdptes": emulation translates by the tables in memory, not by the registers',
    )
  if (ept === 0) return
  if (pdptes)
    throw fail.badConfig(
      'machine.ept',
      ept,
      '0 with "pdptes": loads of PDPTE registers through EPT are not modelled',
    )
  if (config.staleReads)
    throw fail.badConfig(
      'machine.staleReads',
      true,
      'false with "ept": what the host does to a frame ends no excuse of its guest',
    )
  if (devices > 0)
    throw fail.badConfig(
      'machine.devices',
      devices,
      '0 with "ept": an IOMMU with tables of a second stage is not modelled',
    )
  const { bits } = new CachedFormat(
    vcpus,
    new Geometry(config).frames,
    spaces,
    nestingOf(config),
    config.staleReads,
  )
  if (bits > 31)
    throw fail.badConfig(
      'machine.ept',
      ept,
      `0, or fewer vCPUs, pages or spaces: a cached translation takes ${bits} bits here and has room for 31`,
    )
}

/** Walks point to tables by one bit each of a word. */
const MAX_TABLES = 30

/** Tables that the pages of a configuration need. */
function tablesOf({ pages, spaces, levels, entries }: MachineConfig): number {
  let tables = 1
  for (let level = 1; level < levels; level++) {
    tables += new Set(pages.map((page) => Math.floor(page / entries ** level))).size
  }
  return tables * spaces
}
