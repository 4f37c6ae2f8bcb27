/** `shootdown show`: what a case says, as lanes; explained and generalized, if that is asked for. */
import type { z } from 'zod'
import { policyOfCase } from '../../corpus/policy-of.ts'
import { raceOfCase } from '../../corpus/race.ts'
import { ShootdownError } from '../../errors.ts'
import { explainAndGeneralize, type Explanation } from '../../explain/explain.ts'
import type { Generalized } from '../../explain/generalize.ts'
import { isEstablished, type NotEstablished } from '../../explain/limits.ts'
import { notesOf } from '../../explain/tell.ts'
import { diagramOf, tellRace } from '../../report/race.ts'
import type { Race } from '../../scenario/race.ts'
import type { Options } from '../options.ts'
import type { generalizedJson, showJson } from '../json/index.ts'
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
      const policy = policyOfCase(kept, known)
      const race = raceOfCase(file, kept, policy)
      const told = explanation(race, context.options)
      const notes = told && notesOf(race, told)
      terminal.say(`${terminal.bold(kept.id)}\n${tellRace(race, kept.certificate, undefined, notes)}\n`)
      rows.push({
        id: kept.id,
        file,
        policy: kept.policy,
        invariant: kept.invariant,
        diagram: diagramOf(race),
        ...(told?.explained && { explained: told.explained }),
        ...(told?.generalized && { generalized: withDigits(told.generalized) }),
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

/** What is asked for beside the lanes, if anything is. */
function explanation(race: Race, { explain, generalize }: Options): Partial<Explanation> | undefined {
  if (explain !== true && generalize !== true) return undefined
  const { explained, generalized } = explainAndGeneralize(race)
  return { ...(explain === true && { explained }), ...(generalize === true && { generalized }) }
}

function withDigits(general: Generalized | NotEstablished): z.infer<typeof generalizedJson> {
  if (!isEstablished(general)) return general
  const { orders, failing, extensions, pairs } = general
  return { orders: `${orders}`, failing: `${failing}`, extensions: `${extensions}`, pairs }
}
