/** The lanes of a protocol: one column a thread, and one for the host where it takes CPUs away. */
import type { Lasso } from '../liveness/lasso.ts'
import type { Space } from '../protocol/space.ts'
import { drawCells, type Cell } from './lanes.ts'

const HOST = 'host'

/** The lane diagram of a lasso; the rows of its cycle have a bar. */
export function drawLasso(space: Space, { stem, cycle, violation }: Lasso): string {
  const cells = tellProtocol(space, [...stem, ...cycle])
  const threads = space.protocol.threads.map(({ name }) => name)
  const lanes = cells.some(({ lane }) => lane === HOST) ? [...threads, HOST] : threads
  return drawCells(cells, lanes, violation, { cycle: cycle.length })
}

/** Runs a schedule from the beginning and tells each step as its author would write it, with its result. */
function tellProtocol(space: Space, schedule: readonly number[]): Cell[] {
  const { protocol, co } = space
  const cells: Cell[] = []
  space.tracer = (thread, node, result) => {
    const { op, a, b, c } = co.steps[node]
    // The first parameter of an action is the state.
    const given = [a, b, c].slice(0, Math.max(0, (protocol.actions[op.code]?.length ?? 2) - 1))
    const asked = given.length === 0 ? op.name : `${op.name}(${given.join(', ')})`
    cells.push({
      lane: protocol.threads[thread].name,
      text: op.results === 1 ? asked : `${asked} -> ${result}`,
    })
  }
  space.reset()
  try {
    for (const transition of schedule) {
      const told = cells.length
      space.apply(transition)
      if (cells.length === told) cells.push({ lane: HOST, text: space.name(transition) })
    }
  } finally {
    space.tracer = undefined
  }
  return cells
}
