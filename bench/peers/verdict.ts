/**
 * From a model to a verdict, as one would write it: builds the seed race of a size and explores it until something is
 * violated. `node bench/peers/verdict.ts POLICY CPUS ROUNDS PREEMPTIONS`
 */
import { explore } from '../../src/index.ts'
import { Space } from '../../src/protocol/index.ts'
import { seedRace, type SeedPolicy } from '../protocols/seed-race.ts'

const [policy, ...words] = process.argv.slice(2)
const [cpus, rounds, preemptions] = words.map(Number)
const { violation, states, transitions } = explore(
  new Space(seedRace(policy as SeedPolicy, { cpus, rounds, preemptions })),
)
console.log(violation?.explanation ?? 'verified', { states, transitions })
