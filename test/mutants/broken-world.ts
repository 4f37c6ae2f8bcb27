/** Worlds whose machine breaks one rule: an installed operation is replaced, by its name, after the world was built. */
import { opTable } from '../../src/engine/step.ts'
import type { Violation } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { Execute, Guard, Machine } from '../../src/machine/machine.ts'
import { featuresFor, machineFor, type Bounds } from '../../src/scenario/bounds.ts'
import { boundedWorkloads, type Workload } from '../../src/scenario/workload.ts'
import { World } from '../../src/scenario/world.ts'

/** Breaks a rule of a machine. */
export type Breakage = (machine: Machine) => void

const codeOf = (name: string): number => {
  const op = opTable().find((each) => each.name === name)
  if (op === undefined) throw new Error(`there is no operation "${name}"`)
  return op.code
}

/** The operation does something else; what it did before is handed over. */
export const instead =
  (name: string, make: (before: Execute, machine: Machine) => Execute): Breakage =>
  (machine) => {
    const code = codeOf(name)
    machine.execute[code] = make(machine.execute[code], machine)
  }

/** The operation does nothing. */
export const nothing = (name: string): Breakage => instead(name, () => () => 0)

/** The operation waits for something else, or for nothing. */
export const waitsFor =
  (name: string, guard: Guard = () => true): Breakage =>
  (machine) =>
    void (machine.guards[codeOf(name)] = guard)

/** Several breakages at once. */
export const both =
  (...all: readonly Breakage[]): Breakage =>
  (machine) =>
    all.forEach((each) => each(machine))

/** Runs what is done with some words of the state put aside and back. */
export function keeping(machine: Machine, words: readonly number[], action: () => number): number {
  const kept = words.map((at) => machine.S[at])
  const result = action()
  words.forEach((at, i) => (machine.S[at] = kept[i]))
  return result
}

/** Words of a field, all of them. */
export function wordsOf(machine: Machine, name: string): number[] {
  const fields = machine.layout.fields.filter((field) => field.name === name)
  return fields.flatMap(({ at, length }) => Array.from({ length }, (_, i) => at + i))
}

/** A world at the beginning of a workload, on a machine that breaks a rule. */
export function worldOf(
  policy: AnyPolicy,
  bounds: Bounds,
  workload: Workload,
  breakage: Breakage = () => {},
): World {
  const world = new World(policy, machineFor(policy, bounds, workload), featuresFor(policy, bounds, workload))
  breakage(world.machine)
  world.load(workload)
  return world
}

export interface Search {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  /** Absent: all workloads of up to two guest operations. */
  readonly workloads?: readonly Workload[] | undefined
}

/** The first violation that exhaustive search finds, smallest workloads first. */
export function firstViolation(
  { policy, bounds, workloads }: Search,
  breakage?: Breakage,
): Violation | undefined {
  const worlds = new Map<string, World>()
  for (const workload of workloads ?? boundedWorkloads(policy, bounds.vcpus, 2, bounds.groups)) {
    const key = JSON.stringify([machineFor(policy, bounds, workload), featuresFor(policy, bounds, workload)])
    const world = worlds.get(key) ?? worldOf(policy, bounds, workload, breakage)
    worlds.set(key, world)
    world.load(workload)
    const { violation, complete } = explore(world, { maxStates: 300_000 })
    if (violation !== undefined) return violation
    if (!complete) throw new Error('the search was not complete')
  }
  return undefined
}
