/**
 * `npm run bench:calibration`: how many schedules each strategy needs on small programs with known bugs and on every broken
 * policy, beside published figures. Writes the results and the page that shows them. With names, only those programs and
 * policies are measured, and printed instead.
 */
import { writeFileSync } from 'node:fs'
import { strategies } from '../src/explore/strategies.ts'
import { DOCUMENT, documentOf } from './calibration/document.ts'
import { programs } from './calibration/programs.ts'
import { RESULTS, type Result, type Results } from './calibration/results.ts'
import { brokenPolicies, tryPolicy, tryProgram, type Cell } from './calibration/trials.ts'

const wanted = process.argv.slice(2)
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name)

function measured(name: string, attempt: (strategy: string) => Cell): Pick<Result, 'name' | 'cells'> {
  const cells = Object.fromEntries(Object.keys(strategies).map((strategy) => [strategy, attempt(strategy)]))
  const told = Object.entries(cells).map(([strategy, { mean, missed }]) => {
    return `${strategy} ${missed > 0 ? '>' : ''}${mean}`
  })
  console.log(`${name}: ${told.join(', ')}`)
  return { name, cells }
}

const broken = await brokenPolicies()
const results: Results = {
  programs: programs
    .filter(({ program }) => isWanted(program.name))
    .map(({ program, published }) => ({
      ...measured(program.name, (strategy) => tryProgram(program, strategy)),
      ...(published === undefined ? {} : { published: finite(published) }),
    })),
  policies: broken
    .filter(({ name }) => isWanted(name))
    .map((policy) => measured(policy.name, (strategy) => tryPolicy(policy, strategy))),
}
if (wanted.length === 0) {
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(DOCUMENT, documentOf(results))
}

/** JSON has no Infinity: what was not found is left out. */
function finite<T extends object>(published: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(published).filter(([, value]) => Number.isFinite(value)),
  ) as Partial<T>
}
