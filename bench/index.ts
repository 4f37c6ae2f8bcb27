/**
 * Benchmarks: `npm run bench`, or `node bench/index.ts [--json] [random exhaustive reductions features hunts]`. Speeds are worth
 * something only as ratios within one run on one machine; absolute figures are printed to make sense of the ratios.
 * What is found and how small it gets is pinned by tests, not here.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { exhaustive } from './exhaustive.ts'
import { features } from './features.ts'
import { hunts } from './hunts.ts'
import { randomRuns } from './random-runs.ts'
import { reductions } from './reductions.ts'
import { jsonReport, tellReport, type Report } from './report.ts'

/** In this order: what comes first is compiled for nothing else. */
const benchmarks: Readonly<Record<string, () => Report | Promise<Report>>> = {
  random: randomRuns,
  exhaustive,
  reductions,
  features,
  hunts,
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.find((name) => !Object.hasOwn(benchmarks, name))
if (unknown !== undefined) {
  console.error(`no benchmark "${unknown}"; there are: ${Object.keys(benchmarks).join(', ')}`)
  process.exit(2)
}

const machine = {
  node: process.version,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
}
if (!values.json)
  console.log(`Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores; rates are per CPU second\n`)
const reports: Record<string, object> = {}
for (const [name, run] of Object.entries(benchmarks)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const report = await run()
  reports[name] = jsonReport(report)
  if (!values.json) console.log(tellReport(report))
}
if (values.json) console.log(JSON.stringify({ machine, reports }, null, 2))
