/** Code that runs before a workload begins, while nobody else moves: what a policy does at boot, setups of experiments. */
import { fail } from '../errors.ts'
import type { Parts } from './parts.ts'
import type { Operation } from './workload.ts'

/** Runs what the policy does when each CPU comes up, one CPU after the other. */
export function bootAll(parts: Parts): void {
  for (let v = 0; v < parts.machine.config.vcpus; v++) runAlone(parts, v, 'boot', parts.programs.boot(v))
}

/** Runs one operation on a CPU. */
export function setUp(parts: Parts, v: number, operation: Operation): void {
  runAlone(parts, v, operation.op, parts.programs.operations(v, [operation])[0])
}

/** Runs a coroutine to its end. It cannot wait for anybody; `what` names it in the error. */
function runAlone(parts: Parts, v: number, what: string, root: number): void {
  const { machine, stacks, nextSteps, threads } = parts
  const { buffer } = machine
  threads.load([])
  machine.alternative = 0
  threads.begin(v, root)
  for (let top = stacks.top(v); top >= 0; top = stacks.top(v)) {
    if (nextSteps.canStep(v, top)) threads.step(v)
    else if (buffer.isEmpty(v)) throw fail.waitsAlone(what)
    else buffer.drain(v)
  }
  buffer.drainAll(v)
}
