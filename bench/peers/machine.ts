/**
 * What the machine costs: the seed race as a protocol of a few variables, and the same race on the full machine with real
 * tables, walks, TLBs and all invariants, by the same explorers.
 */
import { ratio } from '../measure.ts'
import type { Report } from '../report.ts'
import { contest, floorOf, ours, rowsOf } from './contest.ts'

const THIRD = 1 / 3
/** 308,040 states as a protocol. */
const SEARCHED = ['ipi', 4, 1, 2, 'full']
const RUN = ['ipi', 4, 3, 2, 100_000]

export async function machine(repetitions: number): Promise<Report> {
  const searching = {
    protocol: { title: 'protocol, searched', run: () => ours('protocol', ...SEARCHED) },
    machine: { title: 'machine, searched', run: () => ours('machine', ...SEARCHED) },
  }
  const running = {
    protocol: { title: 'protocol, random runs', run: () => ours('protocol-runs', ...RUN) },
    machine: { title: 'machine, random runs', run: () => ours('machine-runs', ...RUN) },
  }
  const searched = await contest(searching, repetitions)
  const run = await contest(running, repetitions)
  const floor = { atLeast: THIRD }
  const both = ['machine', 'protocol']
  return {
    title: 'The full machine',
    about: 'The seed race, IPI, 4 CPUs, 2 preemptions; 1 round where it is searched, 3 where it is run',
    rows: [...rowsOf(searching, searched, ['states']), ...rowsOf(running, run, ['steps'])],
    floors: [
      floorOf(
        searching,
        searched,
        both,
        { ...floor, what: 'states per second on the full machine, against the protocol' },
        (us, them) => ratio(us, 'states', them),
      ),
      floorOf(
        running,
        run,
        both,
        { ...floor, what: 'random steps per second on the full machine, against the protocol' },
        (us, them) => ratio(us, 'steps', them),
      ),
    ],
  }
}
