/** The machine that something is measured on. */
import { availableParallelism, cpus, totalmem } from 'node:os'

const GIBIBYTE = 2 ** 30

export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly gibibytes: number
}

export const thisMachine = (): Machine => ({
  node: process.version,
  cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
  cores: availableParallelism(),
  gibibytes: Math.round(totalmem() / GIBIBYTE),
})

export const tellMachine = ({ node, cpu, cores, gibibytes }: Machine): string =>
  `${cpu}, ${cores} cores, ${gibibytes} GiB, Node ${node}`

/** Year, month and day. */
export const today = (): string => new Date().toISOString().slice(0, 10)
