/** The machine that something was measured on, in words. */
import { availableParallelism, cpus, totalmem } from 'node:os'

const GIBIBYTE = 2 ** 30

export function thisMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU'
  const memory = Math.round(totalmem() / GIBIBYTE)
  return `${model}, ${availableParallelism()} cores, ${memory} GiB, Node ${process.version}`
}
