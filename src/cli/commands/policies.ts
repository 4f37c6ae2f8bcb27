/** `shootdown policies`: what is shipped, and what is claimed of it. */
import { knownPolicies } from '../policies.ts'
import { AS_EXPECTED, type Context } from './context.ts'

export async function listPolicies({ options, terminal }: Context): Promise<number> {
  const known = await knownPolicies(options)
  const width = Math.max(...known.map(({ name }) => name.length))
  for (const { name, summary, expected, breaks } of known) {
    terminal.say(`${terminal.bold(name.padEnd(width))}  ${(expected ?? 'unclaimed').padEnd(9)}  ${summary}`)
    if (breaks !== undefined) terminal.say(`${' '.repeat(width)}             because ${breaks}`)
  }
  terminal.object({
    policies: known.map(({ name, summary, expected = null, breaks = null, fixedBy = null }) => ({
      name,
      summary,
      expected,
      breaks,
      fixedBy,
    })),
  })
  return AS_EXPECTED
}
