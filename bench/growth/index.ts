/**
 * How the seed race grows: `npm run growth`, or `node bench/growth/index.ts [--redraw] [--seconds N]`.
 * Measures, keeps the figures in docs/growth.json and draws docs/growth.svg from them; `--redraw` only draws.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingTools, tellMissing } from '../peers/tools.ts'
import { Workshop } from '../peers/workshop.ts'
import { thisMachine, today } from '../this-machine.ts'
import { plot, type Growth } from './plot.ts'
import { grow, MEBIBYTES, SECONDS, ways } from './sizes.ts'

const docs = join(import.meta.dirname, '../../docs')
const FIGURES = join(docs, 'growth.json')
const PICTURE = join(docs, 'growth.svg')

function measure(seconds: number): Growth {
  const missing = missingTools(['spin', 'cc'])
  if (missing.length > 0) console.error(tellMissing(missing))
  const shop = new Workshop()
  try {
    const series = [...ways(shop, seconds)].map(([title, way]) => grow(title, way, console.log))
    return { machine: thisMachine(), date: today(), limits: { seconds, mebibytes: MEBIBYTES }, series }
  } finally {
    shop.close()
  }
}

const { values } = parseArgs({
  options: {
    redraw: { type: 'boolean', default: false },
    seconds: { type: 'string', default: String(SECONDS) },
  },
})
if (!values.redraw) {
  const growth = measure(Number(values.seconds))
  writeFileSync(FIGURES, JSON.stringify(growth, null, 2) + '\n')
}
writeFileSync(PICTURE, plot(JSON.parse(readFileSync(FIGURES, 'utf8')) as Growth))
