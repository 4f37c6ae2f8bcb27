/** `shootdown liveness`: every workload within the bounds, for runs that are fair and never end. What is found is kept. */
import type { z } from 'zod'
import { makeCase } from '../../corpus/case.ts'
import { keep } from '../../corpus/store.ts'
import { ShootdownError } from '../../errors.ts'
import type { AnyPolicy } from '../../guest/policy.ts'
import { liveness, livenessBounds, tellLiveness, type Liveness } from '../../liveness/liveness.ts'
import { diagramOf, raceSize, tellRace } from '../../report/race.ts'
import { VERSION } from '../../version.ts'
import type { policyLivenessJson } from '../json/index.ts'
import { boundsOf } from '../options.ts'
import { selectedPolicies } from '../policies.ts'
import { AS_EXPECTED, DEFAULT_CORPUS, NOT_AS_EXPECTED, type Context } from './context.ts'

type Row = z.infer<typeof policyLivenessJson>

const DEFAULT_OPERATIONS = 2

export async function livenessCommand(context: Context): Promise<number> {
  const { options, terminal, interrupt } = context
  const given = boundsOf(options)
  const operations = options.operations ?? DEFAULT_OPERATIONS
  const selected = await selectedPolicies(options)
  const rows: Row[] = []
  for (const policy of selected) {
    const bounds = livenessBounds(policy, given)
    try {
      const found = liveness({
        policy,
        bounds,
        operations,
        stop: () => interrupt.stop(),
        onProgress: ({ workloads, states }) =>
          terminal.progress(
            `${policy.name}: ${workloads.toLocaleString('en')} workloads, ${states.toLocaleString('en')} states`,
          ),
      })
      terminal.say(`${tellLiveness(policy, found)} (${found.seconds.toFixed(1)} s)`)
      rows.push(rowOf(policy, found, report(context, found)))
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      terminal.complain(`${policy.name}: ${cause.message}`)
      rows.push({ ...rowOf(policy, undefined, null), bounds, operations, error: cause.message })
    }
    if (interrupt.stop()) break
  }
  terminal.clearProgress()
  if (interrupt.stop()) terminal.complain('Ended early; nothing is claimed of what was not searched.')
  terminal.object(selected.length === 1 ? rows[0] : { liveness: rows })
  return rows.length === selected.length && rows.every(asExpected) ? AS_EXPECTED : NOT_AS_EXPECTED
}

/** A policy that is stated to be broken may be so in this way or in another. */
const asExpected = ({ verdict, expected }: Row): boolean =>
  verdict === 'live' || (expected === 'broken' && (verdict === 'deadlock' || verdict === 'livelock'))

/** Tells what was found, if anything was, and keeps it; returns the file, or null if it could not be written. */
function report({ options, terminal }: Context, { race, certificate }: Liveness): string | null {
  if (race === undefined) return null
  terminal.say(`\n${tellRace(race, certificate)}`)
  const found = { seed: 0, strategy: 'enumeration', run: 0, version: VERSION }
  const own = options.policyFile === undefined ? '' : ` --policy-file ${options.policyFile}`
  try {
    const { file } = keep(options.corpus ?? DEFAULT_CORPUS, makeCase(race, certificate, found))
    terminal.say(`Kept as ${file}. Replay: npx shootdown replay ${file}${own}\n`)
    return file
  } catch (cause) {
    if (!(cause instanceof ShootdownError)) throw cause
    terminal.complain(cause.message)
    return null
  }
}

function rowOf(policy: AnyPolicy, l: Liveness | undefined, file: string | null): Row {
  const { race, certificate } = l ?? {}
  return {
    policy: policy.name,
    verdict: l?.verdict ?? 'error',
    expected: policy.expected ?? null,
    bounds: l?.bounds ?? {},
    operations: l?.operations ?? 0,
    workloads: l?.workloads ?? 0,
    givenUp: l?.givenUp ?? 0,
    states: l?.states ?? 0,
    transitions: l?.transitions ?? 0,
    seconds: l?.seconds ?? 0,
    lasso:
      race === undefined
        ? null
        : {
            file,
            invariant: race.violation.invariant,
            explanation: race.violation.explanation,
            minimality: certificate === undefined ? 'local' : 'minimal',
            ...raceSize(race),
            cycle: race.cycle ?? 0,
            diagram: diagramOf(race),
          },
  }
}
