/**
 * Runs a litmus test on this machine's memory: each thread is the program of a CPU, each location a word, and every
 * execution is followed to its end. The outcome is the set of final states. Store buffers are as deep as the test can
 * fill them, so that their depth never matters.
 */
import { fail } from '../errors.ts'
import { experiment } from '../experiment/experiment.ts'
import type { Breakage } from '../experiment/options.ts'
import { machineConfigSchema, type MachineConfig } from '../machine/config.ts'
import { variable } from '../machine/word.ts'
import { keyOfLocation, keyOfRegister, keysOf, satisfies, type Key, type Predicate } from './condition.ts'
import type { Instruction } from './instructions.ts'
import type { LitmusTest } from './parse.ts'
import { Thread } from './thread.ts'
import { Values } from './values.ts'

/** `Allow`: some final state satisfies the predicate. `Forbid`: none does. `Require`: all do, where all were asked for. */
export type Verdict = 'Allow' | 'Forbid' | 'Require'

export interface LitmusResult {
  /** What was observed, in the order of the values of a state. */
  readonly keys: readonly Key[]
  /** Every reachable final state: values in the order of the keys, separated by commas. */
  readonly states: ReadonlySet<string>
  /** Of the first condition. */
  readonly verdict: Verdict
  /** Of all conditions, in their order. */
  readonly verdicts: readonly Verdict[]
  /** A number as states write it: as wide as the registers of the test, without a sign. */
  readonly cut: (value: bigint) => bigint
  /** States that the search went through. */
  readonly explored: number
}

export interface LitmusOptions {
  /** What to observe. Default: what the conditions and the `locations` of the test name. */
  readonly keys?: readonly Key[]
  /** Give up with a clear sentence beyond so many states. Default 20 million. */
  readonly maxStates?: number
  /** As of an experiment: breaks a rule of the machine, for testing that the result depends on it. */
  readonly breakage?: Breakage | undefined
}

/** Runs a test to the end of all of its executions. */
export function runLitmus(test: LitmusTest, options: LitmusOptions = {}): LitmusResult {
  const { keys = test.shown, maxStates, breakage } = options
  const predicates = test.conditions.map(({ predicate }) => predicate)
  if (test.filter !== undefined) predicates.push(test.filter)
  const observed = [...new Set([...keys, ...predicates.flatMap(keysOf)])]
  const foreign = keys.find((key) => !isOf(test, key))
  if (foreign !== undefined)
    throw fail.litmus(test.file, 1, `${foreign} is to be observed, but the test has no such thread`)
  const values = new Values(test)
  const initialOf = (key: Key): number => values.numberOf(test.initial.get(key) ?? 0n)
  const locations = locationsOf(test, observed)
  const threads = test.threads.map(({ number, program }) => {
    const registers = observed.flatMap((key) => registerOf(key, number) ?? [])
    return new Thread(program, registers, (name) => initialOf(keyOfRegister(number, name)), values)
  })
  const max = Math.max(1, values.count - 1)
  const words = locations.map((name) => [name, variable({ max, initial: initialOf(keyOfLocation(name)) })])
  const { outcomes, states: explored } = values.inRange(() =>
    experiment({
      machine: machineFor(test),
      words: Object.fromEntries(words) as Record<string, ReturnType<typeof variable>>,
      cpus: threads.map((thread) => (cpu, all) => thread.run(cpu, all)),
      observe: (read, all) => locations.map((name) => read(all[name])),
      breakage,
      ...(maxStates === undefined ? {} : { maxStates }),
    }),
  )
  const ends = outcomes.map((outcome) => {
    const end = new Map<Key, bigint>()
    threads.forEach((thread, i) => {
      for (const [name, value] of thread.left(outcome[i]))
        end.set(keyOfRegister(test.threads[i].number, name), values.at(value))
    })
    locations.forEach((name, i) => end.set(keyOfLocation(name), values.at(outcome[threads.length + i])))
    return end
  })
  const meets = (predicate: Predicate, end: ReadonlyMap<Key, bigint>): boolean =>
    satisfies(predicate, (key, value) => end.get(key) === values.cut(value))
  const { filter } = test
  const kept = filter === undefined ? ends : ends.filter((end) => meets(filter, end))
  const verdicts = test.conditions.map(({ quantifier, predicate }): Verdict => {
    const count = kept.filter((end) => meets(predicate, end)).length
    if (quantifier === 'forall' && count === kept.length) return 'Require'
    return count > 0 ? 'Allow' : 'Forbid'
  })
  return {
    keys,
    states: new Set(kept.map((end) => stateOf(keys.map((key) => end.get(key)!))).toSorted()),
    verdict: verdicts[0],
    verdicts,
    cut: (value) => values.cut(value),
    explored,
  }
}

/** A final state as text. */
export const stateOf = (values: readonly bigint[]): string => values.join(',')

/** A bare machine with a CPU for each thread. */
function machineFor(test: LitmusTest): Partial<MachineConfig> {
  const storeBuffer = Math.max(...test.threads.map(({ program }) => mostBuffered(program)))
  const vcpus = test.threads.length
  for (const [what, found, { maxValue }] of [
    ['threads', vcpus, machineConfigSchema.shape.vcpus],
    ['stores of one thread in a row', storeBuffer, machineConfigSchema.shape.storeBuffer],
  ] as const) {
    if (found > maxValue!)
      throw fail.litmus(test.file, 1, `the test has ${found} ${what}, expected at most ${maxValue}`)
  }
  return { vcpus, storeBuffer, structureCaches: false }
}

/** How many stores of a program can be in the buffer at once. */
function mostBuffered(program: readonly Instruction[]): number {
  let most = 0
  let now = 0
  for (const instruction of program) {
    if (instruction.kind === 'mov') now += instruction.to.kind === 'memory' ? 1 : 0
    else if (instruction.kind !== 'xchg' || instruction.other.kind === 'memory') now = 0
    most = Math.max(most, now)
  }
  return most
}

/** The locations that a test is about. */
function locationsOf(test: LitmusTest, observed: readonly Key[]): string[] {
  const used = test.threads.flatMap(({ program }) =>
    program.flatMap((instruction) => {
      if (instruction.kind === 'mfence') return []
      if (instruction.kind === 'locked') return [instruction.location]
      const operands = instruction.kind === 'mov' ? [instruction.to, instruction.from] : [instruction.other]
      return operands.flatMap((operand) => (operand.kind === 'memory' ? [operand.location] : []))
    }),
  )
  const named = observed.flatMap((key) => /^\[(.+)\]$/.exec(key)?.[1] ?? [])
  return [...new Set([...used, ...named])]
}

/** True for a location, and for a register of a thread that the test has. */
const isOf = (test: LitmusTest, key: Key): boolean =>
  key.startsWith('[') || test.threads.some(({ number }) => registerOf(key, number) !== undefined)

/** The register that a key names, if it is one of this thread. */
const registerOf = (key: Key, thread: number): string | undefined =>
  key.startsWith(`${thread}:`) ? key.slice(`${thread}:`.length) : undefined
