/**
 * Exhaustive search of the seed race with IPIs, 4 CPUs, 3 rounds and 2 preemptions: every peer's full search, and this
 * package's with whatever leaves states out; and a verification on the whole machine, by one worker and by two. SPIN has a hash table that fits from the start, and so has the C++.
 */
import { strict as assert } from 'node:assert'
import { median, ratio } from '../measure.ts'
import type { Report } from '../report.ts'
import { seedCases } from '../protocols/seed-counts.ts'
import { absence, contest, floorOf, ours, rowsOf, timesAsFast, type Contender } from './contest.ts'
import { packedSearch, rumur, spin, type Outsider } from './outside.ts'
import { REDUCED, searches } from './searches.ts'
import { sharing } from './sharing.ts'
import type { Taken, Workshop } from './workshop.ts'

const POLICY = 'ipi'
const SIZE = { cpus: 4, rounds: 3, preemptions: 2 }
const expected = seedCases.find(
  ({ policy, cpus, rounds }) => policy === POLICY && cpus === SIZE.cpus && rounds === SIZE.rounds,
)!
const LOG2_STATES = Math.ceil(Math.log2(expected.states))

const search = (name: string): Contender => ({
  title: name === 'full' ? 'shootdown' : `shootdown, ${name}`,
  absent: Object.hasOwn(searches, name) ? undefined : `this package has no search "${name}" yet`,
  run: () => ours('protocol', POLICY, ...Object.values(SIZE), name),
})

const outsider = (shop: Workshop, { title, needs, command, count }: Outsider): Contender => ({
  title,
  absent: absence(needs),
  run: () => shop.time(command(shop, POLICY, SIZE, LOG2_STATES), count),
})

export async function exhaustive(shop: Workshop, repetitions: number): Promise<Report> {
  const contenders = {
    full: search('full'),
    spin: outsider(shop, spin),
    packed: outsider(shop, packedSearch),
    rumur: outsider(shop, rumur),
    [REDUCED]: search(REDUCED),
  }
  const results = await contest(contenders, repetitions)
  for (const [name, taken] of results)
    if (name !== REDUCED) taken.forEach((sample) => checkCounts(name, sample))
  const shared = await sharing(
    'verify',
    'states',
    'two workers against one, wall time of a verification',
    repetitions,
  )
  const against = (name: string, what: string, atLeast: number) =>
    floorOf(contenders, results, ['full', name], { what, atLeast }, (us, them) => ratio(us, 'states', them))
  return {
    title: 'Exhaustive search',
    about: `The seed race, IPI, 4 CPUs, 3 rounds, 2 preemptions: ${tell(expected.states)} states, ${tell(expected.transitions)} transitions, one thread; a verification of native-ipi with workers`,
    rows: [
      ...rowsOf(contenders, results, ['states']).map((row, i) => {
        const taken = [...results.values()][i]
        return { ...row, 'bytes/state': median(taken.map(bytesPerState)) }
      }),
      ...shared.rows,
    ],
    floors: [
      against('spin', "states per second, against SPIN's full state store", 2),
      against('packed', 'states per second, against packed C++', 1 / 7),
      floorOf(
        contenders,
        results,
        ['full'],
        { what: 'bytes per state, the whole process at its peak', atMost: 50 },
        (us) => median(us.map(bytesPerState)),
      ),
      floorOf(
        contenders,
        results,
        [REDUCED, 'spin'],
        { what: "with reductions, wall time against SPIN's", atLeast: 10 },
        timesAsFast,
      ),
      shared.floor,
    ],
  }
}

const bytesPerState = ({ peak, counts }: Taken): number => peak / counts['states']

function checkCounts(name: string, { counts }: Taken): void {
  const { states, transitions } = counts
  assert.deepEqual(
    { states, transitions },
    { states: expected.states, transitions: expected.transitions },
    name,
  )
}

const tell = (n: number): string => n.toLocaleString('en')
