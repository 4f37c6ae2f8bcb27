/**
 * The smallest race of every invariant that random search has seen each broken policy violate, within the bounds that
 * hunts have by default (but for one). There is one of each: where several races are equally small, the first in the order of workloads
 * stands for them.
 */
import type { Bounds, Scope, Workload } from '../../src/index.ts'

export interface MinimalRace {
  readonly policy: string
  readonly invariant: string
  readonly workload: Workload
  readonly switches: number
  readonly steps: number
  /** `sub-workloads` where all workloads of as many operations are too many to be searched. */
  readonly scope: Scope
  /** Bounds that are not those of a hunt. */
  readonly bounds: Partial<Bounds>
}

/** Operations of a CPU separated by commas, CPUs by bars. */
const workloadOf = (text: string): Workload =>
  text.split(' | ').map((ops) =>
    ops === 'idle'
      ? []
      : ops.split(', ').map((each) => {
          const [op, page] = each.split(' ')
          return page === undefined ? { op } : { op, page: Number(page) }
        }),
  )

type Row = readonly [invariant: string, workload: string, switches: number, steps: number, scope?: Scope]

const USE_AFTER_FREE = 'munmap 0 | gup_fast 0'

const table: Readonly<Record<string, readonly Row[]>> = {
  'hyperv-list': [['software-walk', USE_AFTER_FREE, 2, 9]],
  'hyperv-space': [['software-walk', USE_AFTER_FREE, 2, 9]],
  'xen-pv': [['software-walk', USE_AFTER_FREE, 4, 12]],
  'rcu-no-fallback': [['software-walk', USE_AFTER_FREE, 2, 10]],
  'serialization-flag': [['software-walk', 'gup_fast 2 | collapse 2', 2, 18]],
  'static-key-early': [['software-walk', 'turn_key, gup_fast 0 | munmap 0', 3, 13, 'sub-workloads']],
  'amd-invlpgb': [['software-walk', USE_AFTER_FREE, 5, 10]],
  'intel-rar': [['software-walk', USE_AFTER_FREE, 4, 14]],
  'flush-nobody': [
    ['hardware-walk', 'munmap 0 | idle', 2, 6],
    ['software-walk', USE_AFTER_FREE, 2, 7],
    ['frame-lifetime', 'munmap 2 | read 2', 2, 6],
    ['stale-translation', 'munmap 2 | read 2', 2, 5],
    ['write-protection', 'write 0 | mprotect 0', 2, 5],
    ['page-size-coherence', 'read 2, read 2 | collapse 2', 2, 16, 'sub-workloads'],
  ],
  'flush-before-unhook': [
    ['hardware-walk', 'munmap 0', 3, 6],
    ['software-walk', USE_AFTER_FREE, 3, 14],
    ['frame-lifetime', 'munmap 2, read 2', 2, 6],
    ['stale-translation', 'munmap 2 | read 2', 3, 12],
    ['write-protection', 'write 0 | mprotect 0', 3, 12],
    ['page-size-coherence', 'collapse 2, mprotect 0, read 2', 2, 18, 'sub-workloads'],
  ],
  'free-before-ack': [
    ['hardware-walk', 'munmap 0 | idle', 2, 8],
    ['software-walk', USE_AFTER_FREE, 2, 9],
    ['frame-lifetime', 'munmap 2 | read 2', 2, 8],
    ['stale-translation', 'munmap 2 | read 2', 2, 7],
    ['write-protection', 'write 0 | mprotect 0', 2, 7],
    ['page-size-coherence', 'read 2, read 2 | collapse 2', 2, 18, 'sub-workloads'],
  ],
  'cpu-bit-cleared-too-early': [
    ['hardware-walk', 'munmap 0 | switch_process', 3, 9],
    ['frame-lifetime', 'switch_thread, read 2 | munmap 2', 3, 11],
    ['stale-translation', 'switch_thread, read 2 | munmap 2', 3, 10],
  ],
  'global-invlpg-pcid': [['frame-lifetime', 'vunmap 0, kernel_read 0', 1, 8]],
  'iommu-deferred-flush-vs-free': [['frame-lifetime', 'displace_range 2', 2, 7]],
  'kernel-huge-vmap-free-table': [['hardware-walk', 'vunmap 2, vunmap 3, ioremap 2', 3, 11]],
  'lazy-cpu-spec-walk': [['hardware-walk', 'munmap 0 | lazy_tlb', 3, 9]],
  'lazy-cpumask-missing-mb': [['frame-lifetime', 'run_other, read 0 | zap 0', 8, 29]],
  'mremap-late-flush': [['frame-lifetime', 'ftruncate 2, read 2 | mremap 2', 4, 16]],
  'nmi-uaccess-mid-switch': [['address-space-isolation', 'activate_mm', 2, 8]],
  'pae-pdpte-not-invalidated': [['hardware-walk', 'munmap 0', 1, 7]],
  'pv-preempted-flag-overwritten': [
    ['frame-lifetime', 'munmap 0 | read 0', 5, 16],
    ['hardware-walk', 'munmap 0 | read 0', 6, 15],
    ['stale-translation', 'munmap 0 | read 0', 5, 14],
  ],
  'pv-preempted-mid-access': [
    ['frame-lifetime', 'munmap 0 | emulated_write', 5, 14],
    ['stale-translation', 'munmap 0 | emulated_write', 5, 12],
  ],
  'shootdown-vs-irqoff-spin': [['flush-completes', 'pmap_remove 0 | pmap_remove 0', 1, 8]],
  'switch-mm-store-buffer': [['frame-lifetime', 'switch_mm, read 0 | zap_other 0', 4, 12]],
  'vpid02-reuse': [['address-space-isolation', 'run_l2 0, run_other_vm 0, run_l2 0', 0, 28]],
}

/** By policy, where its own machine is so large that what is left of a race takes seconds to be searched. */
const smaller: Readonly<Record<string, Partial<Bounds>>> = { 'mremap-late-flush': { vcpus: 2 } }

export const minimalRaces: readonly MinimalRace[] = Object.entries(table).flatMap(([policy, rows]) =>
  rows.map(([invariant, workload, switches, steps, scope = 'all-workloads']) => ({
    policy,
    invariant,
    workload: workloadOf(workload),
    switches,
    steps,
    scope,
    bounds: smaller[policy] ?? {},
  })),
)
