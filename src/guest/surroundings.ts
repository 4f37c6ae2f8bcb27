/** What surrounds the code of a CPU: the machine, the kernel and the policy of a scenario. */
import type { MachineConfig } from '../machine/config.ts'
import type { Kernel } from './kernel.ts'
import type { Hooks } from './hooks.ts'

/** What surrounds the code of a CPU: the same for all CPUs of a scenario. */
export interface Surroundings<Shared, Options> {
  readonly config: MachineConfig
  /** Number of frames. */
  readonly frames: number
  readonly kernel: Kernel
  readonly shared: Shared
  readonly options: Options
  readonly vectors: readonly string[]
  readonly hypercalls: readonly string[]
  /** What the workload makes the kernel keep track of. */
  readonly features: KernelFeatures
  /** The policy's hooks, ready to be run with `yield*`. */
  readonly policy: Hooks
}

/** Kernel work that only some workloads need; without need it is left out, steps and all. */
export interface KernelFeatures {
  /** Some CPU enters lazy-TLB mode: generations are kept, lazy CPUs may be left out of a flush. */
  readonly lazy: boolean
  /** Some CPU changes mm_cpumask, because it switches address spaces or for another reason. */
  readonly switching: boolean
  /** What gup_fast compares again after it took a reference: the PTE alone (before 6.1), or the PMD as well. */
  readonly gupRecheck: 'pte' | 'pmd'
}

// oxlint-disable-next-line typescript/no-explicit-any -- as for AnyCpu
export type AnySurroundings = Surroundings<any, any>
