/** `shootdown walk`: the machine's page walk against a table of verdicts. */
import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { checkWalks, parseWalkTable } from '../../conformance/walk-table.ts'
import { fail } from '../../errors.ts'
import type { walkJson } from '../json/index.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'

/** So many rows that differ are told in words; the JSON has them all. */
const TOLD = 20

export async function walkCommand({ options, terminal }: Context): Promise<number> {
  const file = options.verdicts
  if (file === undefined) throw fail.badOption('--verdicts', null, 'the path of a table of walk verdicts')
  const verdicts: z.infer<typeof walkJson> = checkWalks(parseWalkTable(file, read(file)))
  const { rows, equal, unequal } = verdicts
  for (const { line, expected, found } of unequal.slice(0, TOLD))
    terminal.say(`${file}, line ${line}: expected ${expected}, found ${found}`)
  if (unequal.length > TOLD) terminal.say(`... and ${unequal.length - TOLD} rows more`)
  terminal.say(`${rows.toLocaleString('en')} rows, ${equal.toLocaleString('en')} as the table says`)
  terminal.object(verdicts)
  return unequal.length === 0 ? AS_EXPECTED : NOT_AS_EXPECTED
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw fail.unreadable(file, cause)
  }
}
