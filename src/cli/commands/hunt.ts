/** `shootdown hunt`: looks for races, makes them small, proves them minimal, keeps them. */
import type { z } from 'zod'
import { makeCase } from '../../corpus/case.ts'
import { keep } from '../../corpus/store.ts'
import { ShootdownError } from '../../errors.ts'
import type { AnyPolicy } from '../../guest/policy.ts'
import { HUNT_DEFAULTS, hunt, type Found, type Hunted } from '../../hunt/hunt.ts'
import { diagramOf, raceSize, tellRace } from '../../report/race.ts'
import { VERSION } from '../../version.ts'
import type { huntJson, raceJson } from '../json.ts'
import { boundsOf } from '../options.ts'
import { selectedPolicies } from '../policies.ts'
import { AS_EXPECTED, DEFAULT_CORPUS, NOT_AS_EXPECTED, type Context } from './context.ts'

type HuntRow = z.infer<typeof huntJson>['hunts'][number]

export async function huntCommand(context: Context): Promise<number> {
  const { options, terminal, interrupt } = context
  const bounds = boundsOf(options)
  const hunts: HuntRow[] = []
  const problems: string[] = []
  let asExpected = true
  const selected = await selectedPolicies(options)
  for (const policy of selected) {
    if (interrupt.stop()) break
    const secondsLeft = interrupt.secondsLeft()
    const runs = options.runs ?? HUNT_DEFAULTS.runs
    let hunted: Hunted
    try {
      hunted = hunt(policy, {
        ...HUNT_DEFAULTS,
        bounds,
        runs,
        ...(options.seed !== undefined && { seed: options.seed }),
        ...(options.strategy !== undefined && { strategy: options.strategy }),
        ...(options.operations !== undefined && { operations: options.operations }),
        reduces: options.reduction ?? true,
        ...(secondsLeft !== undefined && { seconds: secondsLeft }),
        stop: () => interrupt.raised(),
        onProgress: ({ runs, of }) =>
          terminal.progress(
            `${policy.name}: ${runs.toLocaleString('en')} of ${of.toLocaleString('en')} runs`,
          ),
      })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      terminal.complain(`${policy.name}: ${cause.message}`)
      problems.push(cause.message)
      hunts.push(failedHunt(policy, cause))
      asExpected = false
      continue
    }
    const races = hunted.found.map((found) => keepRace(context, hunted, found, problems))
    if (hunted.found.length === 0) terminal.say(tellClean(hunted))
    const interrupted = hunted.runs < runs || interrupt.stop()
    const wanted = policy.expected === 'broken' ? 'race' : 'clean'
    if (hunted.verdict !== wanted) {
      asExpected = false
      // A search that was ended early neither bears out a claim nor contradicts it.
      if (policy.expected !== undefined && (hunted.verdict === 'race' || !interrupted))
        terminal.say(`  ${policy.name} is stated to be ${policy.expected}: not as expected.`)
    }
    const { strategy, seed, steps, seconds, verdict, witnesses } = hunted
    hunts.push({
      policy: policy.name,
      verdict,
      expected: policy.expected ?? null,
      strategy,
      seed,
      runs: hunted.runs,
      steps,
      seconds,
      interrupted,
      witnesses: [...witnesses],
      races,
    })
  }
  if (interrupt.stop()) terminal.complain('Ended early; what was found until then is reported and kept.')
  terminal.clearProgress()
  terminal.object({ hunts, problems } satisfies z.infer<typeof huntJson>)
  const whole = hunts.length === selected.length && !interrupt.stop()
  return whole && asExpected && problems.length === 0 ? AS_EXPECTED : NOT_AS_EXPECTED
}

/** Writes a race's case and reports it; a case that cannot be written is a problem, not the end. */
function keepRace(
  context: Context,
  hunted: Hunted,
  found: Found,
  problems: string[],
): z.infer<typeof raceJson> {
  const { terminal, options } = context
  const kept = makeCase(found.race, found.certificate, {
    seed: hunted.seed,
    strategy: found.foundBy,
    run: found.run,
    version: VERSION,
  })
  const own = options.policyFile === undefined ? '' : ` --policy-file ${options.policyFile}`
  terminal.say(`\n${tellRace(found.race, found.certificate, found.unproven)}`)
  terminal.say(
    found.foundBy === 'enumeration'
      ? `Found by enumeration of small workloads, after ${hunted.runs.toLocaleString('en')} random runs without a race.`
      : `Found by ${found.foundBy} run ${found.run.toLocaleString('en')} of seed ${hunted.seed}, ${found.raw.schedule.length} steps long then.`,
  )
  let file: string | null = null
  try {
    const written = keep(options.corpus ?? DEFAULT_CORPUS, kept)
    file = written.file
    terminal.say(
      `${written.fresh ? 'Saved as' : written.upgraded === true ? 'Already kept, and now with its proof, as' : 'Already kept as'} ${file}. Replay: npx shootdown replay ${file}${own}`,
    )
  } catch (cause) {
    if (!(cause instanceof ShootdownError)) throw cause
    terminal.complain(cause.message)
    problems.push(cause.message)
  }
  const { operations, vcpus, switches, steps } = raceSize(found.race)
  return {
    id: kept.id,
    file,
    invariant: kept.invariant,
    explanation: kept.explanation,
    minimality: kept.minimality,
    scope: found.certificate?.scope ?? null,
    operations,
    vcpus,
    switches,
    steps,
    diagram: diagramOf(found.race),
    certificate:
      found.certificate === undefined
        ? null
        : { workloads: found.certificate.workloads, states: found.certificate.states },
    unproven: found.unproven ?? null,
    foundBy: found.foundBy,
    run: found.run,
  }
}

function tellClean(hunted: Hunted): string {
  const runs = `${hunted.runs.toLocaleString('en')} random runs`
  const { enumerated } = hunted
  if (enumerated?.verdict !== 'safe') return `${hunted.policy.name}: no race in ${runs}.`
  return `${hunted.policy.name}: no race in ${runs}, nor in any of the ${enumerated.workloads.toLocaleString('en')} workloads of up to ${enumerated.operations} operations (all schedules without speculation: ${enumerated.states.toLocaleString('en')} states${enumerated.reduced === 0 ? '' : ', reduced by scheduling symmetry'}).`
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
