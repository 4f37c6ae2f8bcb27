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
import type { AnyPolicy } from '../guest/policy.ts'
import { machineConfig, type MachineConfig } from '../machine/config.ts'
import { featuresOn } from '../machine/features.ts'
import type { SharedDeclaration, SharedWords, Word } from '../machine/word.ts'
import type { X86 } from '../machine/x86.ts'
import { World } from '../scenario/world.ts'

/** Variables of an experiment by name: one word each, or one a CPU, as they were declared. */
export type Words<D> = {
  readonly [K in keyof D]: D[K] extends { kind: 'per-cpu' } ? readonly Word[] : Word
}

/**
 * The program of a CPU: its bare instructions, the variables, and the kernel's handle for experiments that need one.
 * The number that it returns is its part of the outcome.
 */
export type Program<D> = (cpu: X86, words: Words<D>, kernel: Cpu) => Code<number | void>

export interface ExperimentOptions<D extends Record<string, SharedDeclaration>> {
  /** The machine's features; `vcpus` is the number of programs, and one more where an idle CPU is wanted. */
  readonly machine?: Partial<MachineConfig>
  /** Variables in memory: `{ x: variable() }`. */
  readonly words?: D
  /** Runs alone before all else, on CPU 0: what it stores is there, what it reads is cached. */
  readonly setup?: Program<D>
  /** One program a CPU. */
  readonly cpus: readonly Program<D>[]
  /** Handlers by vector name, run with IF=0; `cpu.sendIpi` of the kernel's handle sends them. */
  readonly interrupts?: Readonly<Record<string, Program<D>>>
  /** Handler of NMIs; runs whatever IF says. */
  readonly nmi?: Program<D>
  /** Adds to the outcome what memory holds in the end. */
  readonly observe?: (read: (word: Word) => number, words: Words<D>) => readonly number[]
  /** The flush policy under which the kernel's handle works. Default: one that flushes nobody. */
  readonly policy?: AnyPolicy
  readonly features?: Partial<KernelFeatures>
  /** Give up with a clear sentence beyond so many states. Default 20 million. */
  readonly maxStates?: number
}

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

const nobody: AnyPolicy = {
  name: 'experiment',
  summary: 'Flushes nobody.',
  *flush() {},
}

/** Runs an experiment to its end: all executions, all outcomes. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- an experiment without variables has none, not any
export function experiment<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  options: ExperimentOptions<D>,
): Experiment {
  const { cpus, maxStates } = options
  const config = machineConfig({
    ...featuresOn(options.policy?.machine ?? {}),
    ...options.machine,
    vcpus: options.machine?.vcpus ?? cpus.length,
  })
  if (config.vcpus < cpus.length)
    throw fail.badConfig('machine.vcpus', config.vcpus, `at least the ${cpus.length} CPUs that have programs`)
  const world = new World(policyOf(options, config), config, featuresOf(options, config), true)
  world.load(
    cpus.map((_, cpu) => [{ op: `cpu${cpu}` }]),
    options.setup === undefined ? undefined : { op: 'setup' },
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
        const outcome = [...cpus.map((_, cpu) => world.resultOf(cpu)), ...seen]
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
  { policy = nobody, words, setup, cpus, interrupts = {}, nmi }: ExperimentOptions<D>,
  { vcpus }: MachineConfig,
): AnyPolicy {
  const as = (program: Program<D>) => (cpu: Cpu) =>
    program(
      cpu.x86,
      wordsOf(words, (name) => (cpu.shared as Record<string, SharedWords>)[name], vcpus),
      cpu,
    )
  const programs = { ...(setup === undefined ? {} : { setup }), ...Object.fromEntries(cpus.map(named)) }
  return {
    ...policy,
    shared: { ...policy.shared, ...words },
    ...(nmi === undefined ? {} : { nmi: as(nmi) }),
    interrupts: { ...policy.interrupts, ...mapValues(interrupts, as) },
    operations: {
      ...policy.operations,
      ...mapValues(programs, (program) => ({ summary: 'a program of the experiment', run: as(program) })),
    },
  }
}

const named = <P>(program: P, cpu: number): [string, P] => [`cpu${cpu}`, program]

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
