/**
 * Features of the machine that a scenario switches on. One that is off takes no room in a state, no transitions and no
 * time, and is not mentioned in bounds or corpus cases. Each is a knob with one default and one sentence for reports.
 */
import { z } from 'zod'

export const featuresSchema = z.strictObject({
  /** Stores that a CPU's store buffer holds. 0: none, memory is sequentially consistent. */
  storeBuffer: z.number().int().min(0).max(8),
  /** IPIs are sent by WRMSR, which may overtake older stores in the buffer (SDM vol. 3, "x2APIC"). Off: it does not. */
  x2apic: z.boolean(),
  /** PCIDs that MOV to CR3 can name, 0 .. pcids-1; 0 = CR4.PCIDE stays clear and translations carry no tag. */
  pcids: z.number().int().min(0).max(3),
  /** CR4.PAE can be changed outside of IA-32e mode, which drops what is cached; the tables stay what they are. */
  pae: z.boolean(),
  /** CR4.PGE: leaf entries with G make translations that every PCID uses and MOV to CR3 keeps. */
  globals: z.boolean(),
  /** Rights beyond user-mode R/W: U/S, XD, reserved bits, protection keys, and the control bits that they depend on. */
  protection: z.boolean(),
  /** Frames hold a value each, which accesses read and write. */
  contents: z.boolean(),
  /** Frames that nothing maps at the start, for entries that a scenario writes itself. */
  spare: z.number().int().min(0).max(4),
  /** Levels without a paging-structure cache: bit n stands for the entries that lead to tables of level n. */
  uncachedLevels: z.number().int().min(0).max(30),
  /** A large page is cached in pieces, one for each small page that was accessed (SDM: "fractured"). Off: as a whole. */
  fractured: z.boolean(),
  /** The TLB can hold a small and a large translation for one address; an access may use either. */
  multihit: z.boolean(),
  /** An access may walk although the TLB translates its page, and leaves that as it is: old and new can alternate. */
  alternates: z.boolean(),
  /** INVLPG drops only upper-level entries on the path of its address (AMD EFER.TCE), not all. */
  tce: z.boolean(),
  /** PAE paging: a CR3 load reads the entries of the top level into registers, and walks begin from those. */
  pdptes: z.boolean(),
  /** Erratum of some Intel CPUs: INVLPG leaves global translations alone while CR4.PCIDE is set. */
  invlpgMissesGlobals: z.boolean(),
  /** An access that a cached translation forbids walks again before it faults (AMD); off: it may fault spuriously. */
  rewalk: z.boolean(),
  /** A walk that faults may leave A clear in the upper entries that it read. */
  lateAccessed: z.boolean(),
  /** The dirty assist sets D without a second look at R/W, as CPUs before CET may. */
  racyDirty: z.boolean(),
  /** Speculative walks for stores may set D. */
  speculativeDirty: z.boolean(),
  /** Devices behind an IOMMU, which translates their accesses by the page tables of an address space. */
  devices: z.number().int().min(0).max(2),
  /** ATS: devices cache translations of their own, which only an invalidation of device-TLBs reaches. */
  deviceTlbs: z.boolean(),
  /** DMA accesses that devices may issue on their own, all together. */
  dmas: z.number().int().min(0).max(4),
  /** Reads through a stale translation are excused until somebody could tell, as LUF promises its readers. */
  staleReads: z.boolean(),
  /** Every frame can become a page table: the allocator hands out freed frames for any purpose. */
  anyTable: z.boolean(),
  /** STI keeps interrupts off for one more instruction, and HLT waits for one. */
  interruptShadow: z.boolean(),
  /** A handler that executes STI may be interrupted by another vector, one level deep, and IRET serializes. */
  nesting: z.boolean(),
  /** NMIs that may arrive from outside in a run; CPUs can send them as well. 0 = there are none at all. */
  nmis: z.number().int().min(0).max(4),
  /** How often CPUs may go offline in a run. */
  hotplug: z.number().int().min(0).max(4),
  /** INVLPGBs that a CPU can have on their way. 0 = there is no such instruction. */
  invlpgb: z.number().int().min(0).max(3),
  /** Payload slots of Remote Action Requests. 0 = there are none. */
  rar: z.number().int().min(0).max(3),
  /** VPIDs (ASIDs) that host code gives out, 1 .. vpids, on each pCPU anew; 0 = every vCPU has one of its own. */
  vpids: z.number().int().min(0).max(4),
  /** AMD SVM: an ASID is the only tag of what is cached, of nested translations too, and VMRUN loads it. */
  svm: z.boolean(),
  /** EPT hierarchies through which guest-physical frames are translated to host frames; 0 = no nested paging. */
  ept: z.number().int().min(0).max(2),
  /** EPT entries lie in tables of four, reached through an upper level that is cached of its own. */
  eptTables: z.boolean(),
  /** Upper-level EPT entries can map large pages, of four frames each. */
  eptLarge: z.boolean(),
  /** Bit 6 of EPTP: EPT entries have A and D flags, and guest walks count as writes to guest tables. */
  eptDirty: z.boolean(),
  /** A vCPU that comes back to a pCPU finds what it has left there; off: the host drops it first. */
  keepOnMigration: z.boolean(),
  /** Host code can translate guest addresses and hold the result, and can be preempted meanwhile. */
  emulation: z.boolean(),
})

export type Features = z.infer<typeof featuresSchema>

/** Some features; the others are at their defaults. */
export type SomeFeatures = { readonly [K in keyof Features]?: Features[K] | undefined }

/** Everything off. */
export const noFeatures: Features = {
  storeBuffer: 0,
  x2apic: false,
  pcids: 0,
  pae: false,
  globals: false,
  protection: false,
  contents: false,
  spare: 0,
  uncachedLevels: 0,
  fractured: true,
  multihit: false,
  alternates: false,
  tce: false,
  pdptes: false,
  invlpgMissesGlobals: false,
  rewalk: false,
  lateAccessed: false,
  racyDirty: false,
  speculativeDirty: false,
  devices: 0,
  deviceTlbs: false,
  dmas: 0,
  staleReads: false,
  anyTable: false,
  interruptShadow: false,
  nesting: false,
  nmis: 0,
  hotplug: 0,
  invlpgb: 0,
  rar: 0,
  vpids: 0,
  svm: false,
  ept: 0,
  eptTables: false,
  eptLarge: false,
  eptDirty: false,
  keepOnMigration: false,
  emulation: false,
}

const levelsOf = (mask: number): number[] => [1, 2, 3, 4].filter((level) => mask & (1 << level))

/** What reports call a feature that is not at its default. */
const SENTENCES: { readonly [K in keyof Features]: string | ((value: Features[K]) => string) } = {
  storeBuffer: (n) => `store buffers of depth ${n}`,
  x2apic: 'x2APIC',
  pcids: (n) => `${n} PCID${n === 1 ? '' : 's'}`,
  pae: 'CR4.PAE',
  globals: 'global pages',
  protection: 'U/S, XD and protection keys',
  contents: 'frame contents',
  spare: (n) => `${n} spare frame${n === 1 ? '' : 's'}`,
  uncachedLevels: (mask) => `no cache of what leads to level ${levelsOf(mask).join(', ')}`,
  fractured: 'large pages cached whole',
  multihit: 'multi-hit TLB',
  alternates: 'walks past the TLB',
  tce: 'INVLPG with TCE',
  pdptes: 'PDPTE registers',
  invlpgMissesGlobals: 'INVLPG that misses global pages with PCIDs',
  rewalk: 're-walk before a fault',
  lateAccessed: 'A set late',
  racyDirty: 'D set without a second look at R/W',
  speculativeDirty: 'speculative D',
  devices: (n) => `${n} device${n === 1 ? '' : 's'} behind an IOMMU`,
  deviceTlbs: 'device-TLBs',
  dmas: (n) => `${n} DMA access${n === 1 ? '' : 'es'} of devices`,
  staleReads: 'stale reads of unchanged frames allowed',
  anyTable: 'frames that become page tables',
  interruptShadow: 'interrupt shadow of STI',
  nesting: 'nested interrupts',
  nmis: (n) => `${n} NMI${n === 1 ? '' : 's'}`,
  hotplug: (n) => `CPUs offline ${n === 1 ? 'once' : `${n} times`} at most`,
  invlpgb: (n) => `INVLPGB, ${n} on the way`,
  rar: (n) => `RAR with ${n} payload slot${n === 1 ? '' : 's'}`,
  vpids: (n) => `${n} VPID${n === 1 ? '' : 's'} to give out`,
  svm: 'ASIDs as the only tags',
  ept: (n) => (n === 1 ? 'nested paging' : `nested paging with ${n} EPTs`),
  eptTables: 'two levels of EPT',
  eptLarge: 'large pages of EPT',
  eptDirty: 'EPT accessed and dirty flags',
  keepOnMigration: 'translations that survive migration',
  emulation: 'emulation in the host',
}

const names = Object.keys(noFeatures) as (keyof Features)[]

/** Those features of `given` that are not at their defaults. */
export function featuresOn(given: SomeFeatures): Partial<Features> {
  const on = names.filter((name) => given[name] !== undefined && given[name] !== noFeatures[name])
  return Object.fromEntries(on.map((name) => [name, given[name]]))
}

/** The features that are on, in words. */
export function tellFeatures(given: SomeFeatures): string[] {
  return Object.entries(featuresOn(given)).map(([name, value]) => {
    const sentence = SENTENCES[name as keyof Features] as string | ((v: unknown) => string)
    return typeof sentence === 'string' ? sentence : sentence(value)
  })
}
