/** Verifications and hunts whose units are done by several worker threads: same options, same outcome, sooner. */
import { fail } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { hunting, type Hunted, type HuntOptions } from '../hunt/hunt.ts'
import { workAlone, type Working } from '../plan/work.ts'
import { verifying, type Verification, type VerifyOptions } from '../verify/verify.ts'
import { followInWorkers } from './follow.ts'
import { recipeOf } from './recipe.ts'
import { sourceOf } from './source.ts'

export const MAX_WORKERS = 64

export interface WorkerOptions {
  /** Threads that do units, 1 to 64; this one hands them out and merges. With 1, this one does all. */
  readonly workers: number
  /** The module that exports the policy, for one that is not shipped. */
  readonly policyFile?: string | undefined
}

/**
 * {@link verify} with workers. All counts and the race are those of one thread. A policy is imported by each worker: one that
 * is neither shipped (with whatever options) nor exported by `policyFile` stays on one thread, and so does one whose options
 * are no plain data. `stop` and the other functions are called on this thread, `stop` every 20 ms.
 *
 * A memory limit goes for the process, all threads together; tables of several workers that grow within the same few
 * milliseconds may exceed it by the smaller ones. A workload that does not fit beside those of other workers is
 * searched again alone, and so are those behind it, so the limit ends no verification that one thread could do.
 *
 * @throws ShootdownError what {@link verify} throws, and if `workers` is out of range
 */
export const verifyInWorkers = (options: VerifyOptions & WorkerOptions): Promise<Verification> =>
  workInWorkers(verifying(options), options.policy, options)

/**
 * {@link hunt} with workers, for its searches: random runs and enumerations. Races are shrunk on this thread. What is said
 * of {@link verifyInWorkers} holds here.
 *
 * @throws ShootdownError what {@link hunt} throws, and if `workers` is out of range
 */
export const huntInWorkers = (policy: AnyPolicy, options: HuntOptions & WorkerOptions): Promise<Hunted> =>
  workInWorkers(hunting(policy, options), policy, options)

async function workInWorkers<Outcome>(
  working: Working<Outcome>,
  policy: AnyPolicy,
  { workers, policyFile }: WorkerOptions,
): Promise<Outcome> {
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS)
    throw fail.badConfig('workers', workers, `a whole number from 1 to ${MAX_WORKERS}`)
  const source = workers === 1 ? undefined : await sourceOf(policy, policyFile)
  if (source === undefined) return workAlone(working)
  let step = working.next()
  while (step.done !== true) {
    const recipe = recipeOf(step.value.plan, source)!
    step = working.next(await followInWorkers(step.value, recipe, workers))
  }
  return step.value
}
