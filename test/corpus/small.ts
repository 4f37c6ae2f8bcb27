/** Cases that cost next to nothing: broken policies with few operations to choose from, on small machines. */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import {
  hunt,
  keep,
  makeCase,
  policies,
  readCorpus,
  shrink,
  type Bounds,
  type Case,
  type Hunted,
  type Kept,
  type Race,
} from '../../src/index.ts'
import { resealed } from '../../src/corpus/case.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'

/** A shipped policy whose workloads have these operations alone, and its own. */
export function fewOperations(name: string): AnyPolicy {
  const policy = policies.find((each) => each.name === name)!
  const shared = policy.name === 'serialization-flag' ? ['collapse', 'gup_fast'] : ['munmap', 'gup_fast']
  return { ...policy, workload: [...shared, ...Object.keys(policy.operations ?? {})] }
}

export const BROKEN: readonly AnyPolicy[] = policies
  .filter(({ expected }) => expected === 'broken')
  .map(({ name }) => fewOperations(name))

export const smallBounds = ({ name }: AnyPolicy): Partial<Bounds> => ({
  groups: [name === 'serialization-flag' ? [2, 3] : [0]],
  speculation: 0,
  preemptions: name === 'xen-pv' ? 1 : 0,
})

/** One short hunt; `more` are other bounds. */
export function shortHunt(
  policy: AnyPolicy,
  seed: number,
  shrinks = true,
  more: Partial<Bounds> = {},
): Hunted {
  const own = Object.keys(policy.operations ?? {}).length
  return hunt(policy, {
    seed,
    runs: 400,
    operations: own > 0 ? 3 : 2,
    estimates: false,
    enumerates: false,
    shrinks,
    bounds: { ...smallBounds(policy), ...more },
  })
}

export const policy: AnyPolicy = fewOperations('hyperv-list')
export const known: readonly AnyPolicy[] = [...BROKEN, ...policies]

/** A race of {@link policy} as random search met it; another one for each seed. */
export const rawRace = (seed: number, more: Partial<Bounds> = {}): Race =>
  shortHunt(policy, seed, false, more).found[0].race

export const localCase = (seed: number, more: Partial<Bounds> = {}): Case =>
  makeCase(rawRace(seed, more), undefined, { seed, strategy: 'portfolio', run: 7, version: '0.1.0' })

/** The minimal case that those races shrink to. */
export function minimalCase(more: Partial<Bounds> = {}): Case {
  const { race, certificate } = shrink(rawRace(1, more))
  return makeCase(race, certificate, { seed: 1, strategy: 'portfolio', run: 3, version: '0.1.0' })
}

/** Keeps cases in a folder and reads them again. */
export function keepAll(folder: string, ...cases: Case[]): readonly Kept[] {
  for (const each of cases) keep(folder, each)
  return readCorpus(folder).cases
}

/** Writes a changed case over its own file, with a seal that fits unless told otherwise. */
export function tamper(folder: string, kept: Case, changes: object, seals = true): string {
  const file = join(folder, `${kept.id}.json`)
  const changed: Case = { ...kept, ...changes }
  writeFileSync(file, JSON.stringify(seals ? { ...changed, digest: resealed(changed) } : changed))
  return file
}
