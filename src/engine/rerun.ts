/**
 * Running the generator behind a memoized coroutine: from its start, through a history that is known, one result further.
 * It must ask for the same steps each time that it gets the same results.
 */
import { inspect } from 'node:util'
import { fail, ShootdownError } from '../errors.ts'
import { CHECKPOINT, RETURN, describeStep, isStep, sameStep, type Code, type Step } from './step.ts'

/** No history has more steps than this; waiting that comes back to a checkpoint does not make it longer. */
export const MAX_STEPS = 2000

/** A coroutine with its arguments, and what is known of it. */
export interface Program {
  readonly name: string
  readonly start: () => Code<number | void>
  root: number
  readonly checkpoints: Map<string, number>
}

/** A history: the step that is asked for, and what led to it. Histories share their beginnings. */
export interface History {
  readonly step: Step
  /** What was asked for before, and the result that it got. */
  readonly before: History | undefined
  readonly result: number
  /** How many steps and checkpoints were asked for, this one included; how many steps of them. */
  readonly position: number
  readonly steps: number
}

type Running = Generator<Step, number | boolean | void, number>

/** A coroutine advanced to a point, with the history that led there. */
export interface Live {
  readonly run: Running
  readonly history: History
}

/** Starts the coroutine anew. */
export function begin(program: Program): Live {
  const run: unknown = program.start()
  if (typeof run !== 'object' || run === null || typeof (run as Running).next !== 'function') {
    throw fail.notAGenerator(program.name)
  }
  return { run: run as Running, history: take(program, run as Running, undefined, 0) }
}

/** Goes on with a coroutine that has got a result. */
export function advance(program: Program, { run, history }: Live, result: number): Live {
  return { run, history: take(program, run, history, result) }
}

/** Runs the coroutine from its start through a known history and one result more; it must ask for the same again. */
export function replay(program: Program, history: History, result: number): Live {
  const path: History[] = []
  for (let at: History | undefined = history; at !== undefined; at = at.before) path.push(at)
  const { run, history: first } = begin(program)
  let { step } = first
  for (let known = path.pop(); known !== undefined; known = path.pop()) {
    if (known.before !== undefined) step = ask(program, run, known.position, known.result)
    compare(program, known.position, known.step, step)
  }
  return advance(program, { run, history }, result)
}

/** Fails if a step that was asked for again is not the one of the first time. */
export function compare(program: Program, position: number, first: Step, then: Step): void {
  if (!sameStep(first, then))
    throw fail.nondeterministic(program.name, position, describeStep(first), describeStep(then))
}

/** Resumes the coroutine with a result; what it asks for then is the end of a longer history. */
function take(program: Program, run: Running, before: History | undefined, result: number): History {
  const position = (before?.position ?? 0) + 1
  const step = ask(program, run, position, result)
  const steps = (before?.steps ?? 0) + (step.op === CHECKPOINT ? 0 : 1)
  if (steps > MAX_STEPS && step.op !== RETURN)
    throw fail.neverEnds(program.name, MAX_STEPS, describeStep(step))
  return { step, before, result, position, steps }
}

/** Resumes the coroutine with a result, and checks what it asks for. */
function ask(program: Program, run: Running, position: number, result: number): Step {
  let taken: IteratorResult<Step, number | boolean | void>
  try {
    taken = run.next(result)
  } catch (cause) {
    if (cause instanceof ShootdownError) throw cause
    throw fail.threw(program.name, position, cause)
  }
  if (taken.done === true) {
    const value = Number(taken.value ?? 0)
    if (typeof taken.value === 'string' || (value | 0) !== value) {
      throw fail.badArgument(program.name, 'return', inspect(taken.value))
    }
    return { op: RETURN, a: value, b: 0, c: 0, results: 1 }
  }
  if (!isStep(taken.value)) throw strange(program, taken.value)
  const { op, a, b, c } = taken.value
  const wrong = [a, b, c].find((value) => (value | 0) !== value)
  if (wrong !== undefined) throw fail.badArgument(program.name, op.name, inspect(wrong))
  return taken.value
}

function strange(program: Program, value: unknown): ShootdownError {
  if (typeof (value as Running | undefined)?.next === 'function') {
    const step = (value as Running).next(0).value
    return fail.stepNotRun(program.name, isStep(step) ? step.op.name : 'step')
  }
  return fail.notAStep(
    program.name,
    value === undefined ? 'nothing' : inspect(value, { breakLength: Infinity, depth: 1 }),
  )
}
