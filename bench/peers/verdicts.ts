/**
 * From a model to its verdict: the whole command, start of the process and compilation included. SPIN generates a
 * checker, which is compiled and run; this package's model is a program that is run.
 */
import { join } from 'node:path'
import type { Report } from '../report.ts'
import { absence, contest, floorOf, rowsOf, timesAsFast, type Contender } from './contest.ts'
import { spin, spinCompile, spinGenerate } from './outside.ts'
import { SOURCES, type Command, type Workshop } from './workshop.ts'

const POLICY = 'ipi'
const SIZE = { cpus: 3, rounds: 3, preemptions: 2 }
const words = [POLICY, ...Object.values(SIZE).map(String)]

export async function verdicts(shop: Workshop, repetitions: number): Promise<Report> {
  const timed = (title: string, needs: Contender['absent'], command: () => Command): Contender => ({
    title,
    absent: needs,
    run: () => shop.time(command(), () => ({})),
  })
  const contenders = {
    ours: timed('shootdown', absence(['cc']), () => [
      process.execPath,
      join(SOURCES, 'verdict.ts'),
      ...words,
    ]),
    spin: timed('SPIN', absence(spin.needs), () => {
      const steps = [spinGenerate(POLICY, SIZE), spinCompile(), ['./pan']]
      const folder = shop.folderOf('verdict', () => {})
      return ['sh', '-c', [`cd ${folder}`, ...steps.map((step) => step.join(' '))].join(' && ')]
    }),
  }
  const results = await contest(contenders, repetitions)
  return {
    title: 'Model to verdict',
    about:
      'The seed race, IPI, 3 CPUs, 3 rounds, 2 preemptions: the whole command (SPIN: generate, compile, run)',
    rows: rowsOf(contenders, results, []),
    floors: [
      floorOf(
        contenders,
        results,
        ['ours', 'spin'],
        { what: "model to verdict, wall time against SPIN's", atLeast: 2 },
        timesAsFast,
      ),
    ],
  }
}
