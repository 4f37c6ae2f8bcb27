/** `shootdown verify`: every workload within the bounds, under every schedule. */
import { z } from 'zod'
import { ShootdownError } from '../../errors.ts'
import type { AnyPolicy } from '../../guest/policy.ts'
import { WITNESSES } from '../../machine/facts.ts'
import { diagramOf } from '../../report/race.ts'
import { boundsFor } from '../../scenario/bounds.ts'
import { tellVerification, type Verification } from '../../verify/verify.ts'
import { Verified, verifiedSchema } from '../../verify/verified.ts'
import { verifyInWorkers } from '../../workers/in-workers.ts'
import { verificationJson } from '../json/index.ts'
import { boundsOf, memoryLimitOf, workersOf } from '../options.ts'
import { selectedPolicies } from '../policies.ts'
import { Progress } from '../progress.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'

type Row = z.infer<typeof verificationJson>

const DEFAULT_OPERATIONS = 2

/** What is kept of a policy: how far its verification has come, or all that was reported of it. */
const stateSchema = z.union([
  z.strictObject({ going: verifiedSchema, seconds: z.number() }),
  z.strictObject({ done: verificationJson, said: z.array(z.string()) }),
])

export async function verifyCommand(context: Context): Promise<number> {
  const { options, terminal, interrupt } = context
  const given = boundsOf(options)
  const operations = options.operations ?? DEFAULT_OPERATIONS
  const memory = memoryLimitOf(options)
  const selected = await selectedPolicies(options)
  const progress = new Progress(
    context,
    'verify',
    selected.map((policy) => [policy, { operations, ...boundsFor(policy, given) }]),
  )
  const rows: Row[] = []
  for (const [number, policy] of selected.entries()) {
    const state = progress.stateOf(number, stateSchema)
    if (state !== undefined && 'done' in state) {
      for (const text of state.said) terminal.say(text)
      rows.push(state.done)
      continue
    }
    const said: string[] = []
    const say = (text: string): void => {
      said.push(text)
      terminal.say(text)
    }
    const bounds = boundsFor(policy, given)
    const before = state === undefined ? new Verified() : Verified.read(state.going)
    const secondsBefore = state?.seconds ?? 0
    const begun = performance.now()
    const seconds = (): number => secondsBefore + (performance.now() - begun) / 1000
    let row: Row
    try {
      const verification = {
        ...(await verifyInWorkers({
          ...workersOf(options),
          policy,
          bounds,
          operations,
          reduces: options.reduction ?? true,
          memory,
          before,
          stop: () => interrupt.stop(),
          onUnit: () => progress.note(number, () => ({ going: before.write(), seconds: seconds() })),
          onProgress: ({ workloads, of, states }) =>
            terminal.progress(
              `${policy.name}: ${workloads.toLocaleString('en')}${of === undefined ? '' : ` of ${of.toLocaleString('en')}`} workloads, ${states.toLocaleString('en')} states`,
            ),
        })),
        seconds: seconds(),
      }
      report(policy, verification, say)
      row = rowOf(policy, verification)
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      terminal.complain(`${policy.name}: ${cause.message}`)
      row = { ...rowOf(policy, undefined), verdict: 'error', bounds, operations, error: cause.message }
    }
    rows.push(row)
    if (interrupt.stop()) break
    if (row.verdict !== 'error' && row.verdict !== 'incomplete')
      progress.note(number, () => ({ done: row, said }), selected.length > 1)
  }
  terminal.clearProgress()
  if (interrupt.stop()) terminal.complain('Ended early; nothing is claimed of what was not searched.')
  progress.close(interrupt.stop() || rows.some(({ verdict }) => verdict === 'incomplete'))
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
