/** `shootdown repair`: the smallest insertions after which the policy of a case passes the whole bounded space. */
import type { z } from 'zod'
import { policyOfCase } from '../../corpus/policy-of.ts'
import { raceOfCase } from '../../corpus/race.ts'
import { ShootdownError } from '../../errors.ts'
import { tellCandidate, tellRepair } from '../../repair/tell.ts'
import { wrapped } from '../../report/screen.ts'
import { repair, type Cure, type Repair } from '../../repair/repair.ts'
import type { repairJson } from '../json/index.ts'
import { knownPolicies } from '../policies.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'
import { noCases, selectedCases } from './replay.ts'

type Result = z.infer<typeof repairJson>

export async function repairCommand(context: Context): Promise<number> {
  const { options, terminal, interrupt } = context
  const known = await knownPolicies(options)
  const { cases, problems } = await selectedCases(context)
  if (cases.length + problems.length === 0) terminal.say(`There is nothing to repair: ${noCases(context)}`)
  const rows: Result['cases'] = []
  for (const { file, case: kept } of cases) {
    if (interrupt.stop()) break
    try {
      const policy = policyOfCase(kept, known)
      const { operations } = options
      const found = repair(raceOfCase(file, kept, policy), {
        ...(operations !== undefined && { operations }),
        stop: () => interrupt.stop(),
        onProgress: ({ size, tried, of }) =>
          terminal.progress(
            `${kept.id}: ${tried.toLocaleString('en')} of ${of.toLocaleString('en')} candidates of size ${size}`,
          ),
      })
      const [head, ...lines] = tellRepair(found)
      terminal.say(
        [
          terminal.bold(kept.id),
          wrapped([`${head} (${found.seconds.toFixed(1)} s)`, ...lines].join('\n')),
          '',
        ].join('\n'),
      )
      rows.push({ id: kept.id, file, ...rowOf(found) })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      problems.push({ file, error: cause.message })
    }
  }
  terminal.clearProgress()
  if (interrupt.stop()) terminal.complain('Ended early; nothing is claimed of what was not searched.')
  for (const { error } of problems) terminal.complain(error)
  terminal.object({ cases: rows, problems } satisfies Result)
  const cured = rows.length === cases.length && rows.every(({ cures }) => cures.length > 0)
  return problems.length === 0 && cured ? AS_EXPECTED : NOT_AS_EXPECTED
}

function rowOf(found: Repair): Omit<Result['cases'][number], 'id' | 'file'> {
  const { race, bounds, operations, cures, rejected, spared, outOfReach, states, seconds } = found
  return {
    policy: race.policy.name,
    invariant: race.violation.invariant,
    bounds,
    operations,
    cures: cures.map(cureOf),
    tried: cures.length + rejected.length,
    rejected: Object.fromEntries(
      [...Map.groupBy(rejected, ({ verdict }) => verdict)].map(([verdict, all]) => [verdict, all.length]),
    ),
    spared,
    outOfReach,
    states,
    seconds,
    notEstablished: found.notEstablished ?? null,
  }
}

function cureOf(cure: Cure): Result['cases'][number]['cures'][number] {
  const { insertions, kinds, cost, workloads, states, live } = cure
  return {
    insertions: insertions.map(({ word, place: { part, side, at, op, nth } }) => ({
      word: word.name,
      part,
      side,
      at,
      step: op === undefined ? null : { name: op.name, nth: nth! },
    })),
    sentence: tellCandidate(cure),
    kinds: [...kinds],
    cost,
    workloads,
    states,
    live: { ...live, notEstablished: live.notEstablished ?? null },
  }
}
