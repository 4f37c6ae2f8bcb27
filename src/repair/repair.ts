/**
 * Repair hints: the smallest sets of insertions after which the whole bounded space passes. Candidates are tried in the
 * order of their size, then of what they cost in calm runs; of each kind of cure the cheapest is what comes out. That
 * there is no smaller set is proven by trying all of them, within the vocabulary and the bounds and no further.
 */
import { ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { explore, type ExhaustiveOptions } from '../explore/exhaustive.ts'
import type { Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'
import { NO_COST, calmRuns, compareCosts, costAbove, costSum, type CalmCost } from './calm.ts'
import type { Live } from './endless.ts'
import { insert, insertionsFor, type Insertion } from './insertion.ts'
import { Watched } from './places.ts'
import { outOfReachOf, type OutOfReach } from './reach.ts'
import { boundsOf, operationsOf } from './space.ts'
import { Trial, type Judgement } from './trial.ts'
import { vocabulary as shipped, type RepairKind, type RepairWord } from './vocabulary.ts'

export interface RepairOptions {
  /** Guest operations of a workload of the space that must pass, at most. Default 2, or as many as the race has. */
  readonly operations?: number
  /** Insertions of a repair, at most. Default 2. */
  readonly insertions?: number
  /** Cures of one kind, at most; the cheapest come first. Default 1. */
  readonly perKind?: number
  /** The words to repair with. */
  readonly vocabulary?: readonly RepairWord[]
  /** The bounds that must pass. Default: those of the race, with as many vCPUs as the policy is raced on. */
  readonly bounds?: Bounds
  /** States of one workload, at most; a candidate with more is not judged. Default 2 million. */
  readonly maxStates?: number
  /**
   * States of all workloads together in which a candidate is searched for runs that never end, at most; beyond, it is not
   * established that there are none. Default 2 million.
   */
  readonly maxLiveStates?: number
  /** Asked now and then; true ends the search with what is known. */
  readonly stop?: () => boolean
  readonly onProgress?: (progress: RepairProgress) => void
}

export interface RepairProgress {
  readonly size: number
  readonly tried: number
  readonly of: number
}

/** Insertions that were tried together. */
export interface Candidate {
  readonly insertions: readonly Insertion[]
  /** What they add to the calm runs of all operations. */
  readonly cost: CalmCost
}

export interface Tried extends Candidate, Judgement {}

export interface Cure extends Tried {
  /** How far it is known that every fair run of the repaired policy comes to its end. */
  readonly live: Live
  /** The kinds of its words. */
  readonly kinds: readonly RepairKind[]
  /** The repaired policy: it can be raced, verified and replayed like any other. */
  readonly policy: AnyPolicy
}

export interface Repair {
  readonly race: Race
  readonly bounds: Bounds
  readonly operations: number
  /** All of the same size, the cheapest first. */
  readonly cures: readonly Cure[]
  /** What was tried and is no cure. */
  readonly rejected: readonly Tried[]
  /** Candidates that were not tried, because cheaper cures of their kind had been found. */
  readonly spared: number
  /** Steps of the race that nothing can be inserted before, because the code that takes them is not the policy's. */
  readonly outOfReach: readonly OutOfReach[]
  /** States of all searches together. */
  readonly states: number
  readonly seconds: number
  /** Why it is not established that nothing smaller cures, or that nothing in the vocabulary does; absent if it is. */
  readonly notEstablished?: string
}

const MAX_STATES = 2_000_000
const MAX_LIVE_STATES = 2_000_000

/** Looks for the smallest repairs of the policy that a race is about. */
export function repair(race: Race, options: RepairOptions = {}): Repair {
  return new Search(race, options).run()
}

class Search {
  private readonly race: Race
  private readonly options: RepairOptions
  private readonly bounds: Bounds
  private readonly operations: number
  private readonly cures: Cure[] = []
  private readonly rejected: Tried[] = []
  private spared = 0
  private notEstablished: string | undefined

  constructor(race: Race, options: RepairOptions) {
    this.race = race
    this.options = options
    this.bounds = options.bounds ?? boundsOf(race)
    this.operations = options.operations ?? operationsOf(race)
  }

  run(): Repair {
    const { race, bounds, operations, options } = this
    const begun = performance.now()
    const { maxStates = MAX_STATES, maxLiveStates = MAX_LIVE_STATES, stop } = options
    const trial = new Trial(race, { bounds, operations, maxStates, maxLiveStates, stop })
    const words = this.candidates(maxStates)
    for (let size = 1; size <= (options.insertions ?? 2) && this.cures.length === 0; size++) {
      const sets = subsets(words, size).toSorted((a, b) => compareCosts(a.cost, b.cost))
      if (!this.tryAll(trial, sets, size)) break
    }
    const { cures, rejected, spared, notEstablished } = this
    const states = trial.states + cures.reduce((sum, cure) => sum + cure.states, 0)
    const outOfReach = outOfReachOf(race)
    const seconds = (performance.now() - begun) / 1000
    const known = { race, bounds, operations, cures, rejected, spared, outOfReach, states, seconds }
    return notEstablished === undefined ? known : { ...known, notEstablished }
  }

  /** What can be inserted, with its cost, one at a time; nothing if not all of the policy's steps were seen. */
  private candidates(maxStates: number): Candidate[] {
    const { race, bounds } = this
    const { stop } = this.options
    const watched = new Watched(race.policy)
    const world = new Worlds(watched.policy, race.bounds).at(race.workload)
    if (!isExplored(world, { countOnly: true, maxStates, ...(stop && { stop }) })) {
      this.notEstablished = "the race's own workload is too large to be searched"
      return []
    }
    const { cost } = calmRuns(watched.policy, bounds)
    return insertionsFor(watched, this.options.vocabulary ?? shipped).map((insertion) => {
      const policy = insert(race.policy, [insertion])
      const own = calmCost(policy, bounds)
      return { insertions: [insertion], cost: own === undefined ? NO_COST : costAbove(own, cost) }
    })
  }

  /** Tries the candidates of one size; false if that was not done to its end. */
  private tryAll(trial: Trial, sets: readonly Candidate[], size: number): boolean {
    const { stop, onProgress, perKind = 1 } = this.options
    for (const [tried, candidate] of sets.entries()) {
      if (stop?.() === true) {
        this.notEstablished = `time ended after ${tried} of ${sets.length} candidates of size ${size}`
        return false
      }
      onProgress?.({ size, tried, of: sets.length })
      const kinds = kindsOf(candidate)
      if (this.cures.filter((cure) => cure.kinds.join() === kinds.join()).length >= perKind) {
        this.spared++
        continue
      }
      const policy = insert(this.race.policy, candidate.insertions)
      const judgement = trial.judge(policy)
      const { live } = judgement
      if (live !== undefined) this.cures.push({ ...candidate, ...judgement, live, kinds, policy })
      else this.rejected.push({ ...candidate, ...judgement })
      if (judgement.verdict === 'not established') this.notEstablished ??= judgement.why
    }
    return true
  }
}

/** What the calm runs take; undefined if the code fails there, as it will in its trial. */
function calmCost(policy: AnyPolicy, bounds: Bounds): CalmCost | undefined {
  try {
    return calmRuns(policy, bounds).cost
  } catch (cause) {
    if (cause instanceof ShootdownError) return undefined
    throw cause
  }
}

/** Explores a world; false if that was given up. */
function isExplored(world: World, options: ExhaustiveOptions): boolean {
  try {
    return explore(world, options).complete
  } catch (cause) {
    if (cause instanceof ShootdownError && cause.code === 'tooManyStates') return false
    throw cause
  }
}

const kindsOf = ({ insertions }: Candidate): RepairKind[] =>
  [...new Set(insertions.map(({ word }) => word.kind))].toSorted()

/** All sets of so many insertions. */
function subsets(words: readonly Candidate[], size: number, from = 0): Candidate[] {
  if (size === 1) return words.slice(from)
  return words.slice(from).flatMap((first, i) =>
    subsets(words, size - 1, from + i + 1).map((rest) => ({
      insertions: [...first.insertions, ...rest.insertions],
      cost: costSum([first.cost, rest.cost]),
    })),
  )
}
