/** What a hunt says of its space, of the part that it covered, and of what that is worth. */
import { missedOf, rateBound, shareMissedAt, type Confidence, type PctConfidence } from './confidence.ts'
import type { Coverage } from './coverage.ts'
import type { Interval, SpaceEstimate } from './estimate.ts'
import type { Hunted } from './hunt.ts'
import { tellReduction } from '../verify/verify.ts'

/** How large the space is, and how long it would take to enumerate it. */
export function tellSpace({ workloads, states, seconds }: SpaceEstimate): string {
  const exact = workloads.low === workloads.high
  const counted = exact ? workloads.about.toLocaleString('en') : `about ${large(workloads.about)}`
  const enumerating = `enumerating them would take ${tellInterval(seconds, duration)}`
  return `${counted} workloads, ${tellInterval(states, large)} states; ${enumerating}`
}

function tellInterval({ low, about, high }: Interval, tell: (value: number) => string): string {
  if (high === Infinity) return `${tell(about)} or more`
  return low === high ? tell(about) : `about ${tell(about)} (${tell(low)} to ${tell(high)})`
}

/** What was covered, and which share of it all that is. */
export function tellCoverage({ how, workloads, states, workloadShare, stateShare }: Coverage): string {
  const of = (share: number | undefined): string => (share === undefined ? '' : ` (${percent(share)})`)
  const seen = `${states.toLocaleString('en')} states${of(stateShare)}`
  return how === 'sampled'
    ? `sampled: about ${workloads.toLocaleString('en')} workloads${of(workloadShare)}, at most ${seen}`
    : `enumerated: ${workloads.toLocaleString('en')} workloads${of(workloadShare)}, ${seen}`
}

/** What it is worth that nothing was found: a sentence for each thing that can be said. */
export function tellConfidence({ workloads, runsPerWorkload, pct }: Confidence): string[] {
  if (workloads === 0) return []
  const rate = `with 95 % confidence, fewer than ${percent(rateBound(workloads))} of workloads drawn like these show a race in ${runsPerWorkload} such runs`
  return [...pct.map(tellPct), rate]
}

function tellPct(confidence: PctConfidence): string {
  const { depth, actors, length, workloads, runsPerWorkload } = confidence
  const runs = (workloads * runsPerWorkload).toLocaleString('en')
  const share = shareMissedAt(confidence, 0.05)
  const unlikely =
    share === undefined ? '' : `, and one that ${percent(share)} of them can show with probability below 0.05`
  return (
    `a race of depth ${depth} or less that every workload drawn can show in the first ${length} steps of a run was missed ` +
    `with probability below ${probability(missedOf(confidence, 1))}${unlikely} (PCT, ${actors} actors, ${runs} runs)`
  )
}

/** One sentence for a hunt that found nothing: how it looked, and at what. */
export function tellClean({ policy, runs, covered, enumerated, verdict }: Hunted): string {
  const { name } = policy
  const random = `${runs.toLocaleString('en')} random runs`
  if (verdict !== 'clean' || enumerated === undefined) return `${name}: no race in ${random}.`
  const { workloads, of, operations, states } = enumerated
  const counted = workloads.toLocaleString('en')
  if (covered.how === 'enumerated') {
    return enumerated.verdict === 'safe'
      ? `${name}: no race in any of the ${counted} workloads of up to ${operations} operations, under any schedule (${states.toLocaleString('en')} states).`
      : `${name}: no race in the first ${counted}${of === undefined ? '' : ` of ${of.toLocaleString('en')}`} workloads of up to ${operations} operations, under any schedule (${states.toLocaleString('en')} states).`
  }
  if (enumerated.verdict !== 'safe') return `${name}: no race in ${random}.`
  return `${name}: no race in ${random}, nor in any of the ${counted} workloads of up to ${operations} operations (all schedules without speculation: ${states.toLocaleString('en')} states${tellReduction(enumerated)}).`
}

/** Two digits of a large number, and its order of magnitude in words. */
const large = (value: number): string =>
  value.toLocaleString('en', {
    notation: 'compact',
    compactDisplay: 'long',
    maximumSignificantDigits: 2,
  })

const percent = (share: number): string =>
  `${(share * 100).toLocaleString('en', { maximumSignificantDigits: 2 })} %`

/** Two digits, rounded up, since it is a bound; there are no smaller ones than the last. */
function probability(value: number): string {
  const bound = Math.max(value, 1e-300)
  const unit = 10 ** (Math.floor(Math.log10(bound)) - 1)
  const rounded = Math.min(1, Math.ceil(bound / unit) * unit)
  return rounded < 1e-3
    ? rounded.toExponential(1)
    : rounded.toLocaleString('en', { maximumSignificantDigits: 2 })
}

const UNITS = [
  [86_400 * 365, 'years'],
  [86_400, 'days'],
  [3600, 'hours'],
  [60, 'minutes'],
  [0, 'seconds'],
] as const

function duration(seconds: number): string {
  const [unit, name] = UNITS.find(([least]) => seconds >= 2 * least)!
  return `${large(seconds / Math.max(1, unit))} ${name}`
}
