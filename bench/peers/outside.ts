/**
 * The outside peers: how each is built for a size of the seed race, and how its counts are read. SPIN's model is
 * compiled as its manual says (-O2, full state store), with partial-order reduction off unless asked for, so that it counts
 * all states; it removes none of this model's. The programs in C++ know the size when they are run.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SeedPolicy, SeedSize } from '../protocols/seed-race.ts'
import type { Tool } from './tools.ts'
import { GaveUp, run, SOURCES, type Command, type Workshop } from './workshop.ts'

export interface Outsider {
  readonly title: string
  readonly needs: readonly Tool[]
  /** Builds what is not built yet. Violations are followed. `log2` is the expected number of states, as a power of two. */
  command(shop: Workshop, policy: SeedPolicy, size: SeedSize, log2?: number): Command
  count(output: string): { readonly states: number; readonly transitions: number }
}

/** Mebibytes that SPIN may use before it gives up. */
export const SPIN_MEBIBYTES = 8192
const LOG2_STATES = 20
const numberOf: Readonly<Record<SeedPolicy, number>> = { ipi: 0, hypercall: 1, quiescence: 2 }

const keyOf = (tool: string, policy: SeedPolicy, { cpus, rounds, preemptions }: SeedSize): string =>
  [tool, policy, cpus, rounds, preemptions].join('-')

/** What SPIN makes of the model: the source of a checker. */
export const spinGenerate = (policy: SeedPolicy, { cpus, rounds, preemptions }: SeedSize): Command => [
  'spin',
  '-a',
  `-DPOLICY=${policy.toUpperCase()}`,
  `-DN=${cpus}`,
  `-DR=${rounds}`,
  `-DK=${preemptions}`,
  join(SOURCES, 'seed-race.pml'),
]
export const spinCompile = (...options: string[]): Command => [
  'cc',
  '-O2',
  '-w',
  '-DSAFETY',
  ...options,
  '-o',
  'pan',
  'pan.c',
]

export const spin: Outsider = {
  title: 'SPIN',
  needs: ['spin', 'cc'],
  command(shop, policy, size, log2 = LOG2_STATES) {
    const folder = shop.folderOf(keyOf('spin', policy, size), (at) => {
      run(at, spinGenerate(policy, size))
      run(at, spinCompile('-DNOREDUCE', `-DMEMLIM=${SPIN_MEBIBYTES}`))
    })
    return [join(folder, 'pan'), '-n', '-c0', `-w${log2}`]
  },
  count(output) {
    if (output.includes('Search not completed')) throw new GaveUp(`more than ${SPIN_MEBIBYTES} MiB`)
    // The initial state is counted as a transition.
    const transitions = find(output, /(\d+) transitions/) - 1
    return { states: find(output, /(\d+) states, stored/), transitions }
  },
}

export const rumur: Outsider = {
  title: 'rumur',
  needs: ['rumur', 'cc'],
  command(shop, policy, size) {
    const folder = shop.folderOf(keyOf('rumur', policy, size), (at) => {
      writeFileSync(join(at, 'model.m'), rumurModel(policy, size))
      const off = ['--deadlock-detection', 'off', '--symmetry-reduction', 'off', '--threads', '1']
      run(at, ['rumur', ...off, '--output', 'model.c', 'model.m'])
      run(at, ['cc', '-std=c11', '-O3', '-march=native', '-w', '-o', 'check', 'model.c', '-lpthread'])
    })
    return [join(folder, 'check')]
  },
  count: (output) => ({
    // Lines of its progress are worded otherwise.
    states: find(output, /(\d+) states, \d+ rules fired/),
    transitions: find(output, /\d+ states, (\d+) rules fired/),
  }),
}

/** The model with the constants of a size. */
function rumurModel(policy: SeedPolicy, { cpus, rounds, preemptions }: SeedSize): string {
  const constants = {
    POLICY: numberOf[policy],
    CPUS: cpus,
    ROUNDS: rounds,
    PREEMPTIONS: preemptions,
    STRICT: 0,
  }
  return Object.entries(constants).reduce(
    (text, [name, value]) => text.replace(new RegExp(`\\b${name}: \\d+;`), `${name}: ${value};`),
    readFileSync(join(SOURCES, 'seed-race.m'), 'utf8'),
  )
}

export const packedSearch: Outsider = {
  title: 'C++, packed by hand',
  needs: ['cc', 'c++'],
  command: (shop, policy, size, log2 = LOG2_STATES) => [
    buildProgram(shop, 'search'),
    ...wordsOf(policy, size),
    // Slots: twice as many as states and more, so that the table need not grow.
    String(log2 + 1),
  ],
  count: (output) => JSON.parse(output) as { states: number; transitions: number },
}

/** The random walker in C++; it prints the counts `runs` and `steps`. */
export const walker = {
  title: 'C++, packed by hand',
  needs: ['cc', 'c++'],
  command: (shop: Workshop, policy: SeedPolicy, size: SeedSize, runs: number): Command => [
    buildProgram(shop, 'walk'),
    ...wordsOf(policy, size),
    String(runs),
  ],
  count: (output: string) => JSON.parse(output) as { runs: number; steps: number },
} as const

const wordsOf = (policy: SeedPolicy, { cpus, rounds, preemptions }: SeedSize): string[] => [
  policy,
  ...[cpus, rounds, preemptions].map(String),
]

function buildProgram(shop: Workshop, name: 'search' | 'walk'): string {
  const source = join(SOURCES, `${name}.cpp`)
  const folder = shop.folderOf(name, (at) =>
    run(at, ['c++', '-O3', '-march=native', '-std=c++17', '-o', name, source]),
  )
  return join(folder, name)
}

function find(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new Error(`no ${pattern} in:\n${output}`)
  return Number(found)
}
