/**
 * An experiment puts a short program on each CPU of a bare machine and asks which outcomes are possible: every
 * interleaving, and everything that hardware may do, is followed to its end. A fact of the manual is one experiment:
 * what it forbids must not be among the outcomes, what it allows must be.
 */
import type { Code } from '../engine/step.ts'
import type { Violation } from '../engine/system.ts'
import { fail } from '../errors.ts'
import { explore } from '../explore/exhaustive.ts'
import type { Cpu, KernelFeatures } from '../guest/cpu.ts'
import type { AnyPolicy, HypercallHandler } from '../guest/policy.ts'
import type { HostCpu } from '../hypervisor/host.ts'
import type { HypercallInput } from '../hypervisor/hypercall.ts'
import { flushVirtualAddressList, flushVirtualAddressSpace } from '../hypervisor/hyperv.ts'
import { xenFlushTlb } from '../hypervisor/xen.ts'
import { machineConfig, type MachineConfig } from '../machine/config.ts'
import { featuresOn } from '../machine/features.ts'
import type { SharedDeclaration, SharedWords, Word } from '../machine/word.ts'
import type { Device } from '../machine/device.ts'
import type { X86 } from '../machine/x86.ts'
import { World } from '../scenario/world.ts'
import { Lists, type Result } from './lists.ts'

export type { Result } from './lists.ts'

/** Variables of an experiment by name: one word each, or one a CPU, as they were declared. */
export type Words<D> = {
  readonly [K in keyof D]: D[K] extends { kind: 'per-cpu' } ? readonly Word[] : Word
}

/**
 * The program of a CPU: its bare instructions, the variables, and the kernel's handle for experiments that need one.
 * What it returns is its part of the outcome: one number where it returns nothing or one, several in their order
 * where it returns a list.
 */
export type Program<D> = (cpu: X86, words: Words<D>, kernel: Cpu) => Code<Result>

/** The host side of a hypercall: a mask of pages (0: all), the vCPUs that the guest named, its flags and space. */
export type HostProgram<D> = (
  host: HostCpu,
  pages: number,
  cpus: readonly number[],
  input: HypercallInput,
  words: Words<D>,
) => Code<number | void>

/** The program of a device. */
export type DeviceProgram<D> = (device: Device, words: Words<D>) => Code<number | void>

export interface ExperimentOptions<D extends Record<string, SharedDeclaration>> {
  /** The machine's features; `vcpus` is the number of programs, and one more where an idle CPU is wanted. */
  readonly machine?: Partial<MachineConfig>
  /** Variables in memory: `{ x: variable() }`. */
  readonly words?: D
  /**
   * Runs alone before all else, on CPU 0: what it stores is there, what it reads is cached. A list holds the setup of
   * each CPU, which run one after the other.
   */
  readonly setup?: Program<D> | readonly Program<D>[]
  /** One program a CPU. */
  readonly cpus: readonly Program<D>[]
  /** One program a device; what they return follows what the CPUs return. */
  readonly devices?: readonly DeviceProgram<D>[]
  /** Handlers by vector name, run with IF=0; `cpu.sendIpi` of the kernel's handle sends them. */
  readonly interrupts?: Readonly<Record<string, Program<D>>>
  /** Handler of NMIs; runs whatever IF says. */
  readonly nmi?: Program<D>
  /**
   * Host code by the name that `kernel.hypercall` of a program calls it by. There are those of the policy beside it, or
   * without a policy `HvFlushVirtualAddressList`, `HvFlushVirtualAddressSpace` and `XenFlushTlb`.
   */
  readonly hypercalls?: Readonly<Record<string, HostProgram<D>>>
  /** Host code for an EPT violation: the access is tried again, or ends in it where this returns a number other than 0. */
  readonly onEptViolation?: (
    host: HostCpu,
    frame: number,
    kind: 'read' | 'write' | 'fetch',
    words: Words<D>,
  ) => Code<number | void>
  /** Adds to the outcome what memory holds in the end. */
  readonly observe?: (read: (word: Word) => number, words: Words<D>) => readonly number[]
  /** The flush policy under which the kernel's handle works. Default: one that flushes nobody. */
  readonly policy?: AnyPolicy
  readonly features?: Partial<KernelFeatures>
  /** Give up with a clear sentence beyond so many states. Default 20 million. */
  readonly maxStates?: number
  /**
   * Breaks a rule of the hardware before anything runs: replaces what an operation of `world.machine` does, withholds a
   * transition. For testing that an experiment can fail; what comes of it says nothing about any processor.
   */
  readonly breakage?: Breakage | undefined
}

/** Changes a world so that it breaks a rule. */
export type Breakage = (world: World) => void

export interface Experiment {
  /** Every possible outcome: what the programs returned, in the order of the CPUs, then what was observed. Sorted. */
  readonly outcomes: readonly (readonly number[])[]
  /** Invariants that some execution violates, with the first violation seen of each. */
  readonly violations: ReadonlyMap<string, Violation>
  /** How executions get stuck, if some do. */
  readonly deadlocks: readonly string[]
  readonly states: number
  readonly transitions: number
  /** True if some outcome satisfies the predicate. */
  reachable(predicate: (...outcome: number[]) => boolean): boolean
}

/** The flush hypercalls that an experiment has without a policy of its own. */
const flushes = {
  HvFlushVirtualAddressList: flushVirtualAddressList,
  HvFlushVirtualAddressSpace: flushVirtualAddressSpace,
  XenFlushTlb: xenFlushTlb,
}

const nobody: AnyPolicy = {
  name: 'experiment',
  summary: 'Flushes nobody.',
  *flush() {},
  hypercalls: flushes,
}

/** Runs an experiment to its end: all executions, all outcomes. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- the words of an experiment that declares none
export function experiment<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  options: ExperimentOptions<D>,
): Experiment {
  const { cpus, devices = [], maxStates } = options
  const config = machineConfig({
    ...featuresOn(options.policy?.machine ?? {}),
    ...options.machine,
    vcpus: options.machine?.vcpus ?? cpus.length,
    devices: options.machine?.devices ?? devices.length,
  })
  if (config.vcpus < cpus.length)
    throw fail.badConfig('machine.vcpus', config.vcpus, `at least the ${cpus.length} CPUs that have programs`)
  if (config.devices < devices.length)
    throw fail.badConfig(
      'machine.devices',
      config.devices,
      `at least the ${devices.length} that have programs`,
    )
  const setups = setupsOf(options)
  if (setups.length > config.vcpus)
    throw fail.badConfig('setup', `${setups.length} programs`, `at most one for each of ${config.vcpus} CPUs`)
  const lists = new Lists()
  const world = new World(policyOf(options, config, lists), config, featuresOf(options, config), true)
  options.breakage?.(world)
  world.load(
    [
      ...Array.from({ length: config.vcpus }, (_, cpu) => (cpu < cpus.length ? [{ op: `cpu${cpu}` }] : [])),
      ...devices.map((_, device) => [{ op: `device${device}` }]),
    ],
    setups.map((_, cpu) => ({ op: setupName(cpu) })),
  )
  const words = wordsOf(options.words, (name) => world.shared[name], config.vcpus)
  const outcomes = new Map<string, readonly number[]>()
  const violations = new Map<string, Violation>()
  const deadlocks = new Set<string>()
  const { states, transitions } = explore(world, {
    ...(maxStates === undefined ? {} : { maxStates }),
    observer: {
      ended: () => {
        const seen = options.observe?.((word) => world.state[word.at], words) ?? []
        const results = cpus.flatMap((_, cpu) => lists.of(world.resultOf(cpu)))
        const ofDevices = devices.map((_, device) => world.resultOf(config.vcpus + device))
        const outcome = [...results, ...ofDevices, ...seen]
        outcomes.set(outcome.join(','), outcome)
      },
      stuck: (violation) => deadlocks.add(violation.explanation),
      violated: (violation) => {
        if (!violations.has(violation.invariant)) violations.set(violation.invariant, violation)
      },
    },
  })
  const sorted = [...outcomes.values()].toSorted(inOrder)
  return {
    outcomes: sorted,
    violations,
    deadlocks: [...deadlocks],
    states,
    transitions,
    reachable: (predicate) => sorted.some((outcome) => predicate(...outcome)),
  }
}

/** The experiment as a policy: its programs are operations that only this policy has. */
function policyOf<D extends Record<string, SharedDeclaration>>(
  options: ExperimentOptions<D>,
  { vcpus }: MachineConfig,
  lists: Lists,
): AnyPolicy {
  const { policy = nobody, words, cpus, devices = [], interrupts = {}, nmi } = options
  const { hypercalls = {}, onEptViolation } = options
  const as = (program: Program<D>) => (cpu: Cpu) => {
    const find = (name: string): SharedWords => (cpu.shared as Record<string, SharedWords>)[name]
    return lists.returnedBy(program(cpu.x86, wordsOf(words, find, vcpus), cpu))
  }
  const ofHost = ({ shared }: HostCpu): Words<D> =>
    wordsOf(words, (name) => (shared as Record<string, SharedWords>)[name], vcpus)
  const asHost =
    (program: HostProgram<D>): HypercallHandler<unknown> =>
    (host, pages, named, input) =>
      program(host, pages, named, input, ofHost(host))
  const asDevice = (program: DeviceProgram<D>) => (cpu: unknown) => {
    const device = cpu as Device<Record<string, SharedWords>>
    return program(
      device,
      wordsOf(words, (name) => device.shared[name], vcpus),
    )
  }
  const programs = Object.fromEntries([
    ...setupsOf(options).map((program, cpu) => [setupName(cpu), program] as const),
    ...cpus.map((program, cpu) => [`cpu${cpu}`, program] as const),
  ])
  return {
    ...policy,
    shared: { ...policy.shared, ...words },
    ...(nmi === undefined ? {} : { nmi: as(nmi) }),
    interrupts: { ...policy.interrupts, ...mapValues(interrupts, as) },
    hypercalls: { ...policy.hypercalls, ...mapValues(hypercalls, asHost) },
    ...(onEptViolation === undefined
      ? {}
      : {
          onEptViolation: (host: HostCpu, frame: number, kind: 'read' | 'write' | 'fetch') =>
            onEptViolation(host, frame, kind, ofHost(host)),
        }),
    operations: {
      ...policy.operations,
      ...mapValues(programs, (program) => ({ summary: 'a program of the experiment', run: as(program) })),
      ...mapValues(Object.fromEntries(devices.map((program, at) => [`device${at}`, program])), (program) => ({
        summary: 'a device of the experiment',
        run: asDevice(program),
      })),
    },
  }
}

const setupsOf = <D extends Record<string, SharedDeclaration>>({
  setup = [],
}: ExperimentOptions<D>): readonly Program<D>[] => (typeof setup === 'function' ? [setup] : setup)

const setupName = (cpu: number): string => (cpu === 0 ? 'setup' : `setup of CPU${cpu}`)

const mapValues = <V, W>(all: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, map(value)]))

function featuresOf<D extends Record<string, SharedDeclaration>>(
  { features }: ExperimentOptions<D>,
  config: MachineConfig,
): KernelFeatures {
  return { lazy: false, switching: config.spaces > 1, gupRecheck: 'pmd', ...features }
}

function wordsOf<D extends Record<string, SharedDeclaration>>(
  declared: D | undefined,
  find: (name: string) => SharedWords,
  vcpus: number,
): Words<D> {
  const entries = Object.entries(declared ?? {}).map(([name, { kind }]) => [
    name,
    kind === 'one' ? find(name).of() : Array.from({ length: vcpus }, (_, cpu) => find(name).of(cpu)),
  ])
  return Object.fromEntries(entries) as Words<D>
}

function inOrder(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : a[at] - b[at]
}
