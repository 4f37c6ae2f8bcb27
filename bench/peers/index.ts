/**
 * The comparison with peers: `npm run bench:peers`, or `node bench/peers/index.ts [--json] [--write] [--repetitions N]
 * [exhaustive verdict random machine]`. Installs nothing: what is not there is left out, and named with the Debian package
 * that has it. `--write` keeps the figures and rewrites their tables in docs/performance.md.
 */
import { parseArgs } from 'node:util'
import { jsonReports, tellReport, type Report } from '../report.ts'
import { store } from '../stored.ts'
import { thisMachine } from '../this-machine.ts'
import { exhaustive } from './exhaustive.ts'
import { machine } from './machine.ts'
import { random } from './random.ts'
import { missingTools, tellMissing } from './tools.ts'
import { verdicts } from './verdicts.ts'
import { Workshop } from './workshop.ts'

const REPETITIONS = 5

const contests: Readonly<Record<string, (shop: Workshop, repetitions: number) => Promise<Report>>> = {
  exhaustive,
  verdict: verdicts,
  random,
  machine: (_shop, repetitions) => machine(repetitions),
}

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    repetitions: { type: 'string', default: String(REPETITIONS) },
  },
  allowPositionals: true,
})
const repetitions = Number(values.repetitions)
const unknown = positionals.find((name) => !Object.hasOwn(contests, name))
if (unknown !== undefined || !Number.isInteger(repetitions) || repetitions < 1) {
  const names = Object.keys(contests).join(', ')
  console.error(
    unknown === undefined
      ? `--repetitions is ${values.repetitions}, but must be a whole number from 1`
      : `no contest "${unknown}"; there are: ${names}`,
  )
  process.exit(2)
}

const missing = missingTools()
if (missing.length > 0) console.error(tellMissing(missing))
const reports: Record<string, Report> = {}
const shop = new Workshop()
try {
  for (const [name, run] of Object.entries(contests)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    const report = await run(shop, repetitions)
    const turns = repetitions === 1 ? '1 turn' : `medians of ${repetitions} turns`
    reports[name] = { ...report, about: `${report.about}; ${turns}` }
    if (!values.json) console.log(tellReport(reports[name]))
  }
} finally {
  shop.close()
}
if (values.json) console.log(jsonReports(thisMachine(), reports))
if (values.write) store(reports)
