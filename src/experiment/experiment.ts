/**
 * An experiment puts a short program on each CPU of a bare machine and asks which outcomes are possible: every
 * interleaving, and everything that hardware may do, is followed to its end. A fact of the manual is one experiment:
 * what it forbids must not be among the outcomes, what it allows must be.
 */
import type { Violation } from '../engine/system.ts'
import { fail } from '../errors.ts'
import { explore } from '../explore/exhaustive.ts'
import type { KernelFeatures } from '../guest/surroundings.ts'
import { featuresOn } from '../machine/features.ts'
import { machineConfig, type MachineConfig } from '../machine/config.ts'
import type { SharedDeclaration } from '../machine/word.ts'
import { World } from '../scenario/world.ts'
import { Lists } from './lists.ts'
import type { ExperimentOptions } from './options.ts'
import { policyOf, setupsOf, setupName, wordsOf } from './as-policy.ts'

export type { Result } from './lists.ts'

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

function featuresOf<D extends Record<string, SharedDeclaration>>(
  { features }: ExperimentOptions<D>,
  config: MachineConfig,
): KernelFeatures {
  return { lazy: false, switching: config.spaces > 1, gupRecheck: 'pmd', ...features }
}

function inOrder(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i])
  return at < 0 ? 0 : a[at] - b[at]
}
