/**
 * How the seed race grows: `npm run growth`, or `node bench/growth/index.ts [--redraw] [--seconds N] [--mebibytes N]`.
 * Measures, keeps the figures in docs/growth.json and draws docs/growth.svg from them; `--redraw` only draws.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingTools, tellMissing } from '../peers/tools.ts'
import { Workshop } from '../peers/workshop.ts'
import { thisMachine, today } from '../this-machine.ts'
import { plot, type Growth } from './plot.ts'
import { DEFAULT_LIMITS, grow, ways, type Limits } from './sizes.ts'

const docs = join(import.meta.dirname, '../../docs')
const FIGURES = join(docs, 'growth.json')
const PICTURE = join(docs, 'growth.svg')

function measure(limits: Limits): Growth {
  const missing = missingTools(['spin', 'cc'])
  if (missing.length > 0) console.error(tellMissing(missing))
  const shop = new Workshop()
  try {
    const series = [...ways(shop, limits)].map(([title, way]) => grow(title, way, console.log))
    return { machine: thisMachine(), date: today(), limits, series }
  } finally {
    shop.close()
  }
}

const { values } = parseArgs({
  options: {
    redraw: { type: 'boolean', default: false },
    seconds: { type: 'string', default: String(DEFAULT_LIMITS.seconds) },
    mebibytes: { type: 'string', default: String(DEFAULT_LIMITS.mebibytes) },
  },
})
if (!values.redraw) {
  const growth = measure({ seconds: Number(values.seconds), mebibytes: Number(values.mebibytes) })
  writeFileSync(FIGURES, JSON.stringify(growth, null, 2) + '\n')
}
writeFileSync(PICTURE, plot(JSON.parse(readFileSync(FIGURES, 'utf8')) as Growth))
