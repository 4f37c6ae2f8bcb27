/**
 * Benchmarks: `npm run bench`, or `node bench/index.ts [--json] [--write] [random exhaustive reductions features hunts certificates]`. Speeds are
 * worth something only as ratios within one run on one machine; absolute figures are printed to make sense of the ratios.
 * What is found and how small it gets is pinned by tests, not here. `--write` keeps what features cost, and rewrites its
 * table in docs/performance.md; the comparison with other programs is in `peers/`.
 */
import { parseArgs } from 'node:util'
import { certificates } from './certificates.ts'
import { exhaustive } from './exhaustive.ts'
import { features } from './features.ts'
import { hunts } from './hunts.ts'
import { randomRuns } from './random-runs.ts'
import { reductions } from './reductions.ts'
import { jsonReports, tellReport, type Report } from './report.ts'
import { store } from './stored.ts'
import { tellMachine, thisMachine } from './this-machine.ts'

/** In this order: what comes first is compiled for nothing else. */
const benchmarks: Readonly<Record<string, () => Report | Promise<Report>>> = {
  random: randomRuns,
  exhaustive,
  reductions,
  features,
  hunts,
  certificates,
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.find((name) => !Object.hasOwn(benchmarks, name))
if (unknown !== undefined) {
  console.error(`no benchmark "${unknown}"; there are: ${Object.keys(benchmarks).join(', ')}`)
  process.exit(2)
}

const machine = thisMachine()
if (!values.json) console.log(`${tellMachine(machine)}; rates are per CPU second\n`)
const reports: Record<string, Report> = {}
for (const [name, run] of Object.entries(benchmarks)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  reports[name] = await run()
  if (!values.json) console.log(tellReport(reports[name]))
}
if (values.json) console.log(jsonReports(machine, reports))
if (values.write && reports['features'] !== undefined) store({ features: reports['features'] })
