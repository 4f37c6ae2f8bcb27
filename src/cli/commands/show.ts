/** `shootdown show`: what a case says, as lanes. */
import type { z } from 'zod'
import { raceOfCase } from '../../corpus/race.ts'
import { ShootdownError, fail } from '../../errors.ts'
import { diagramOf, tellRace } from '../../report/race.ts'
import type { showJson } from '../json.ts'
import { knownPolicies } from '../policies.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'
import { noCases, selectedCases } from './replay.ts'

type Result = z.infer<typeof showJson>

export async function showCommand(context: Context): Promise<number> {
  const { terminal } = context
  const known = await knownPolicies(context.options)
  const { cases, problems } = await selectedCases(context)
  if (cases.length + problems.length === 0) terminal.say(`There is nothing to show: ${noCases(context)}`)
  const rows: Result['cases'] = []
  for (const { file, case: kept } of cases) {
    try {
      const policy = known.find(({ name }) => name === kept.policy)
      if (policy === undefined)
        throw fail.unknownPolicy(
          kept.policy,
          known.map(({ name }) => name),
        )
      const race = raceOfCase(file, kept, policy)
      terminal.say(`${terminal.bold(kept.id)}\n${tellRace(race, kept.certificate)}\n`)
      rows.push({
        id: kept.id,
        file,
        policy: kept.policy,
        invariant: kept.invariant,
        diagram: diagramOf(race),
      })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      problems.push({ file, error: cause.message })
    }
  }
  for (const { error } of problems) terminal.complain(error)
  terminal.object({ cases: rows, problems } satisfies Result)
  return problems.length === 0 ? AS_EXPECTED : NOT_AS_EXPECTED
}
