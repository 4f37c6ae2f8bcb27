/** `shootdown verify`: every workload within the bounds, under every schedule. */
import type { z } from 'zod'
import { ShootdownError } from '../../errors.ts'
import type { AnyPolicy } from '../../guest/policy.ts'
import { WITNESSES } from '../../machine/facts.ts'
import { diagramOf } from '../../report/race.ts'
import { boundsFor } from '../../scenario/bounds.ts'
import { tellVerification, verify, type Verification } from '../../verify/verify.ts'
import type { verificationJson } from '../json.ts'
import { boundsOf } from '../options.ts'
import { selectedPolicies } from '../policies.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'

type Row = z.infer<typeof verificationJson>

const DEFAULT_OPERATIONS = 2

export async function verifyCommand({ options, terminal, interrupt }: Context): Promise<number> {
  const given = boundsOf(options)
  const operations = options.operations ?? DEFAULT_OPERATIONS
  const selected = await selectedPolicies(options)
  const rows: Row[] = []
  for (const policy of selected) {
    const bounds = boundsFor(policy, given)
    let row: Row
    try {
      const verification = verify({
        policy,
        bounds,
        operations,
        reduces: options.reduction ?? true,
        stop: () => interrupt.stop(),
        onProgress: ({ workloads, of, states }) =>
          terminal.progress(
            `${policy.name}: ${workloads.toLocaleString('en')}${of === undefined ? '' : ` of ${of.toLocaleString('en')}`} workloads, ${states.toLocaleString('en')} states`,
          ),
      })
      report(policy, verification, terminal.say)
      row = rowOf(policy, verification)
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      terminal.complain(`${policy.name}: ${cause.message}`)
      row = { ...rowOf(policy, undefined), verdict: 'error', bounds, operations, error: cause.message }
    }
    rows.push(row)
    if (interrupt.stop()) break
  }
  terminal.clearProgress()
  if (interrupt.stop()) terminal.complain('Ended early; nothing is claimed of what was not searched.')
  terminal.object(selected.length === 1 ? rows[0] : { verifications: rows })
  const asExpected = ({ verdict, expected }: Row): boolean =>
    verdict === (expected === 'broken' ? 'race' : 'safe')
  return rows.length === selected.length && rows.every(asExpected) ? AS_EXPECTED : NOT_AS_EXPECTED
}

function report(policy: AnyPolicy, verification: Verification, say: (text: string) => void): void {
  const { expected } = policy
  const agrees = verification.verdict === (expected === 'broken' ? 'race' : 'safe')
  // What was not searched to its end neither bears out a claim nor contradicts it.
  const silent = expected === undefined || verification.verdict === 'incomplete'
  const claim = silent ? '' : agrees ? ', as stated' : `, but stated ${expected}`
  say(`${tellVerification(policy, verification)}${claim} (${verification.seconds.toFixed(1)} s)`)
  if (verification.verdict === 'safe') {
    say(`  reached on the way: ${verification.witnesses.map((kind) => WITNESSES[kind]).join('; ')}`)
  }
  if (verification.race !== undefined)
    say(`  ${verification.race.violation.explanation}\n${diagramOf(verification.race)}\n`)
}

function rowOf(policy: AnyPolicy, v: Verification | undefined): Row {
  const { race } = v ?? {}
  return {
    policy: policy.name,
    verdict: v?.verdict ?? 'incomplete',
    expected: policy.expected ?? null,
    bounds: v?.bounds ?? {},
    operations: v?.operations ?? 0,
    workloads: v?.workloads ?? 0,
    states: v?.states ?? 0,
    transitions: v?.transitions ?? 0,
    depth: v?.depth ?? 0,
    reduced: v?.reduced ?? 0,
    seconds: v?.seconds ?? 0,
    witnesses: [...(v?.witnesses ?? [])],
    race:
      race === undefined
        ? null
        : {
            invariant: race.violation.invariant,
            explanation: race.violation.explanation,
            diagram: diagramOf(race),
          },
  }
}
