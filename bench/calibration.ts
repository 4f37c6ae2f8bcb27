/**
 * `npm run bench:calibration`: how many schedules each strategy needs on small programs with known bugs and on every broken
 * policy, beside published figures. Writes the results and the page that shows them. `-- programs` or `-- policies`
 * measures one half and keeps the other.
 */
import { writeFileSync } from 'node:fs'
import { strategies } from '../src/explore/strategies.ts'
import { DOCUMENT, documentOf } from './calibration/document.ts'
import { programs } from './calibration/programs.ts'
import { readResults, RESULTS, type Result, type Results } from './calibration/results.ts'
import { brokenPolicies, tryPolicy, tryProgram, type Cell } from './calibration/trials.ts'

function measure(name: string, attempt: (strategy: string) => Cell): Pick<Result, 'name' | 'cells'> {
  const cells = Object.fromEntries(Object.keys(strategies).map((strategy) => [strategy, attempt(strategy)]))
  const told = Object.entries(cells).map(
    ([strategy, { mean, missed }]) => `${strategy} ${missed > 0 ? '> ' : ''}${mean}`,
  )
  console.log(`${name}: ${told.join(', ')}`)
  return { name, cells }
}

/** JSON has no Infinity: what was not found is left out. */
const finite = <T extends object>(published: T): Partial<T> =>
  Object.fromEntries(Object.entries(published).filter(([, value]) => Number.isFinite(value))) as Partial<T>

const halves = {
  programs: (): Result[] =>
    programs.map(({ program, published }) => ({
      ...measure(program.name, (strategy) => tryProgram(program, strategy)),
      ...(published === undefined ? {} : { published: finite(published) }),
    })),
  policies: async (): Promise<Result[]> =>
    (await brokenPolicies()).map((policy) => measure(policy.name, (strategy) => tryPolicy(policy, strategy))),
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(halves, name))
if (unknown !== undefined) {
  console.error(`no half "${unknown}"; there are: ${Object.keys(halves).join(', ')}`)
  process.exit(2)
}
const isWanted = (half: keyof Results): boolean => wanted.length === 0 || wanted.includes(half)
const measured: Partial<Results> = {
  ...(isWanted('programs') ? { programs: halves.programs() } : {}),
  ...(isWanted('policies') ? { policies: await halves.policies() } : {}),
}
const results: Results = { ...readResults(), ...measured }
writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
writeFileSync(DOCUMENT, documentOf(results))
