/** `shootdown hunt`: looks for races, makes them small, proves them minimal, keeps them. */
import { z } from 'zod'
import type { MemoryLimit } from '../../engine/memory.ts'
import { ShootdownError } from '../../errors.ts'
import type { AnyPolicy } from '../../guest/policy.ts'
import { missedOf, rateBound, type Confidence } from '../../hunt/confidence.ts'
import type { Interval, SpaceEstimate } from '../../hunt/estimate.ts'
import { HUNT_DEFAULTS, type Hunted } from '../../hunt/hunt.ts'
import { HuntState, huntStateSchema } from '../../hunt/state.ts'
import { tellClean, tellConfidence, tellCoverage, tellSpace } from '../../hunt/tell.ts'
import { boundsFor } from '../../scenario/bounds.ts'
import { tellFull } from '../../verify/verify.ts'
import { huntInWorkers } from '../../workers/in-workers.ts'
import { huntRowJson, type huntJson } from '../json/index.ts'
import { boundsOf, memoryLimitOf, workersOf } from '../options.ts'
import { selectedPolicies } from '../policies.ts'
import { Progress } from '../progress.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'
import { keepRace, keepRaw } from './keep-race.ts'

type HuntRow = z.infer<typeof huntRowJson>

/** What is kept of a policy: how far its hunt has come, or all that was reported of it. */
const stateSchema = z.union([
  z.strictObject({ going: huntStateSchema }),
  z.strictObject({ done: huntRowJson, said: z.array(z.string()), problems: z.array(z.string()) }),
])

export async function huntCommand(context: Context): Promise<number> {
  const { options, terminal, interrupt } = context
  const selected = await selectedPolicies(options)
  const memory = memoryLimitOf(options)
  const settings = { ...HUNT_DEFAULTS, ...huntOptionsOf(context) }
  const progress = new Progress(
    context,
    'hunt',
    selected.map((policy) => [policy, { ...settings, ...boundsFor(policy, boundsOf(options)) }]),
  )
  const hunts: HuntRow[] = []
  const problems: string[] = []
  for (const [number, policy] of selected.entries()) {
    if (interrupt.stop()) break
    const before = progress.stateOf(number, stateSchema)
    if (before !== undefined && 'done' in before) {
      for (const text of before.said) terminal.say(text)
      for (const text of before.problems) terminal.complain(text)
      problems.push(...before.problems)
      hunts.push(before.done)
      continue
    }
    const said: string[] = []
    const complained: string[] = []
    const say = (text: string): void => {
      said.push(text)
      terminal.say(text)
    }
    const problem = (text: string, by = ''): void => {
      complained.push(text)
      terminal.complain(`${by}${text}`)
    }
    const state = before === undefined ? new HuntState() : HuntState.read(before.going)
    const share = { number, of: selected.length }
    const row = await huntOne(context, policy, { memory, progress, state, share, say, problem })
    problems.push(...complained)
    hunts.push(row)
    if (!row.interrupted)
      progress.note(number, () => ({ done: row, said, problems: complained }), selected.length > 1)
  }
  const early =
    interrupt.stop() || hunts.some(({ interrupted, verdict }) => interrupted && verdict === 'clean')
  if (early) terminal.complain('Ended early; what was found until then is reported and kept.')
  progress.close(early)
  terminal.clearProgress()
  terminal.object({ hunts, problems } satisfies z.infer<typeof huntJson>)
  const whole = hunts.length === selected.length && !early
  return whole && hunts.every(isAsExpected) && problems.length === 0 ? AS_EXPECTED : NOT_AS_EXPECTED
}

const isAsExpected = ({ verdict, expected }: HuntRow): boolean =>
  verdict === (expected === 'broken' ? 'race' : 'clean')

function huntOptionsOf({ options }: Context): {
  runs?: number
  seed?: number
  strategy?: string
  operations?: number
} {
  const { runs, seed, strategy, operations } = options
  return {
    ...(runs !== undefined && { runs }),
    ...(seed !== undefined && { seed }),
    ...(strategy !== undefined && { strategy }),
    ...(operations !== undefined && { operations }),
  }
}

interface Hunting {
  readonly memory: MemoryLimit | undefined
  readonly progress: Progress
  readonly state: HuntState
  /** Which of how many policies this is. */
  readonly share: { readonly number: number; readonly of: number }
  readonly say: (text: string) => void
  /** Notes a problem and complains of it; `by` is what the complaint begins with. */
  readonly problem: (text: string, by?: string) => void
}

/** Hunts for races of one policy, and reports what came of it. */
async function huntOne(context: Context, policy: AnyPolicy, hunting: Hunting): Promise<HuntRow> {
  const { options, terminal, interrupt } = context
  const { memory, progress, state, share, say, problem } = hunting
  const secondsLeft = interrupt.secondsLeft()
  // What one policy leaves of its share of the time is for those behind it.
  const seconds = secondsLeft === undefined ? undefined : secondsLeft / (share.of - share.number)
  const given = { ...HUNT_DEFAULTS, ...huntOptionsOf(context) }
  const fresh = new Set<string | undefined>()
  let hunted: Hunted
  try {
    hunted = await huntInWorkers(policy, {
      ...workersOf(options),
      ...given,
      bounds: boundsOf(options),
      reduces: options.reduction ?? true,
      ...(seconds !== undefined && { seconds }),
      state,
      memory,
      stop: () => interrupt.raised(),
      onSpace(space, how) {
        if (space === undefined) return
        const so = how === 'enumerated' ? 'which fits' : 'so it is sampled'
        if (seconds === undefined) terminal.progress(`${policy.name}: ${tellSpace(space)}`)
        else say(`${policy.name}: ${tellSpace(space)}, ${so}.`)
      },
      onMet(met) {
        fresh.add(keepRaw(options, given, met))
        progress.note(share.number, () => ({ going: state.write() }), true)
      },
      onUnit: () => progress.note(share.number, () => ({ going: state.write() })),
      onProgress({ how, done, of }) {
        const total = of === undefined ? '' : ` of ${of.toLocaleString('en')}`
        const what = how === 'enumerated' ? 'workloads' : 'runs'
        terminal.progress(`${policy.name}: ${done.toLocaleString('en')}${total} ${what}`)
      },
    })
  } catch (cause) {
    if (!(cause instanceof ShootdownError)) throw cause
    problem(cause.message, `${policy.name}: `)
    return failedHunt(policy, cause)
  }
  const races = hunted.found.map((found) => keepRace(options, hunted, found, { fresh, say, problem }))
  tell(hunted, seconds === undefined, say)
  const interrupted = isInterrupted(hunted, given.runs) || interrupt.stop()
  const row = rowOf(hunted, races, interrupted)
  // A search that was ended early neither bears out a claim nor contradicts it.
  if (!isAsExpected(row) && policy.expected !== undefined && (hunted.verdict === 'race' || !interrupted))
    say(`  ${policy.name} is stated to be ${policy.expected}: not as expected.`)
  return row
}

/** What was looked at, and what it is worth where nothing was found. */
function tell(hunted: Hunted, tellsSpace: boolean, say: (text: string) => void): void {
  const { verdict, policy, space, covered, confidence, full, enumerated } = hunted
  if (verdict === 'clean') say(tellClean(hunted))
  if (verdict === 'clean' && space !== undefined && tellsSpace) say(`  space: ${tellSpace(space)}`)
  say(`${verdict === 'clean' ? ' ' : `${policy.name}:`} ${tellCoverage(covered)}`)
  if (confidence !== undefined) for (const text of tellConfidence(confidence)) say(`  ${text}`)
  if (full)
    say(`  ended by --max-memory${enumerated?.full === undefined ? '' : `: ${tellFull(enumerated)}`}.`)
}

/** True if the search was not done to its end, whatever ended it. */
function isInterrupted({ covered, enumerated, runs, full }: Hunted, wanted: number): boolean {
  if (full) return true
  if (covered.how === 'sampled') return runs < wanted
  return enumerated!.verdict === 'incomplete' || enumerated!.workloads !== enumerated!.of
}

function rowOf(hunted: Hunted, races: HuntRow['races'], interrupted: boolean): HuntRow {
  const { policy, strategy, seed, runs, steps, seconds, verdict, witnesses } = hunted
  const { space, covered, confidence } = hunted
  return {
    policy: policy.name,
    verdict,
    expected: policy.expected ?? null,
    strategy,
    seed,
    runs,
    steps,
    seconds,
    interrupted,
    witnesses: [...witnesses],
    races,
    ...(space && { space: spaceOf(space) }),
    covered: { ...covered },
    ...(confidence && { confidence: confidenceOf(confidence) }),
  }
}

function spaceOf({ workloads, states, seconds }: SpaceEstimate): HuntRow['space'] {
  const ends = ({ low, about, high }: Interval) => ({ low, about, high: high === Infinity ? null : high })
  return { workloads: ends(workloads), states: ends(states), seconds: ends(seconds) }
}

function confidenceOf({ workloads, runsPerWorkload, pct }: Confidence): HuntRow['confidence'] {
  return {
    workloads,
    runsPerWorkload,
    rateBelow: rateBound(workloads),
    pct: pct.map((each) => ({ ...each, missedBelow: missedOf(each, 1) })),
  }
}

function failedHunt(policy: AnyPolicy, cause: ShootdownError): HuntRow {
  const nothing = {
    strategy: '',
    seed: 0,
    runs: 0,
    steps: 0,
    seconds: 0,
    interrupted: false,
    witnesses: [],
    races: [],
  }
  return {
    policy: policy.name,
    verdict: 'error',
    expected: policy.expected ?? null,
    ...nothing,
    error: cause.message,
  }
}
