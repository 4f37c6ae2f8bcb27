/** What the commands print with `--json`: one object on standard output, of these shapes. */
import { z } from 'zod'

const count = z.number().int().min(0)
const claim = z.enum(['safe', 'broken']).nullable()

export const raceJson = z.object({
  id: z.string(),
  /** Where the case is kept; null if it could not be written. */
  file: z.string().nullable(),
  invariant: z.string(),
  explanation: z.string(),
  minimality: z.enum(['minimal', 'local']),
  scope: z.enum(['all-workloads', 'sub-workloads']).nullable(),
  operations: count,
  vcpus: count,
  switches: count,
  steps: count,
  diagram: z.string(),
  certificate: z.object({ workloads: count, states: count }).nullable(),
  /** Why there is no certificate, if there is none. */
  unproven: z.enum(['too large', 'time', 'stopped', 'not asked for']).nullable(),
  foundBy: z.string(),
  run: count,
})

/** An estimate and its 95 % interval; `high` is null where there is no upper end. */
const interval = z.object({ low: z.number(), about: z.number(), high: z.number().nullable() })

export const huntRowJson = z.object({
  policy: z.string(),
  /** `error` where the hunt could not be carried out. */
  verdict: z.enum(['race', 'clean', 'error']),
  expected: claim,
  strategy: z.string(),
  seed: count,
  runs: count,
  steps: count,
  seconds: z.number(),
  /** True if it was ended before its runs, or its enumeration, and proofs were done. */
  interrupted: z.boolean(),
  witnesses: z.array(z.string()),
  races: z.array(raceJson),
  /** How large the space is: workloads, states, and the seconds that enumerating it would take. */
  space: z.object({ workloads: interval, states: interval, seconds: interval }).optional(),
  covered: z
    .object({
      how: z.enum(['sampled', 'enumerated']),
      workloads: count,
      /** Shares of the space: of its workloads, and of its states (by the estimates). */
      workloadShare: z.number().optional(),
      states: count,
      stateShare: z.number().optional(),
    })
    .optional(),
  /** What it is worth that random runs met no race: see the package's `missProbability` and `rateBound`. */
  confidence: z
    .object({
      workloads: count,
      runsPerWorkload: count,
      /** Below this rate workloads show a race in their runs, with 95 % confidence. */
      rateBelow: z.number(),
      pct: z.array(
        z.object({
          depth: count,
          actors: count,
          length: count,
          workloads: count,
          runsPerWorkload: count,
          /** A race that every workload can show was missed with a probability below this. */
          missedBelow: z.number(),
        }),
      ),
    })
    .optional(),
  /** Why it could not be carried out, if it could not. */
  error: z.string().optional(),
})

export const huntJson = z.object({ hunts: z.array(huntRowJson), problems: z.array(z.string()) })

/** Files that could not be worked on. */
const problems = z.array(z.object({ file: z.string(), error: z.string() }))

export const verificationJson = z.object({
  policy: z.string(),
  /** `incomplete` where the search was given up or ended early, `error` where it could not be carried out. */
  verdict: z.enum(['safe', 'race', 'incomplete', 'error']),
  expected: claim,
  bounds: z.record(z.string(), z.unknown()),
  operations: count,
  workloads: count,
  states: count,
  transitions: count,
  depth: count,
  /** Workloads whose states were made fewer by scheduling symmetry. */
  reduced: count,
  seconds: z.number(),
  witnesses: z.array(z.string()),
  race: z.object({ invariant: z.string(), explanation: z.string(), diagram: z.string() }).nullable(),
  /** Why it could not be carried out, if it could not. */
  error: z.string().optional(),
})

/** One policy gives its object itself; several give `{ verifications: [...] }`. */
export const verifyJson = z.union([verificationJson, z.object({ verifications: z.array(verificationJson) })])

export const policyLivenessJson = z.object({
  policy: z.string(),
  /** `not established` where a graph was too large or the search was ended early, `error` where it could not be carried out. */
  verdict: z.enum(['live', 'deadlock', 'livelock', 'not established', 'error']),
  expected: claim,
  bounds: z.record(z.string(), z.unknown()),
  operations: count,
  workloads: count,
  states: count,
  transitions: count,
  seconds: z.number(),
  /** The smallest fair run that never ends. */
  lasso: z
    .object({
      /** Where the case is kept; null if it could not be written. */
      file: z.string().nullable(),
      invariant: z.string(),
      explanation: z.string(),
      minimality: z.enum(['minimal', 'local']),
      operations: count,
      vcpus: count,
      switches: count,
      /** Of the stem, and of one turn of the cycle. */
      steps: count,
      /** Of the cycle alone; 0 where nobody can move. */
      cycle: count,
      diagram: z.string(),
    })
    .nullable(),
  /** Why it could not be carried out, if it could not. */
  error: z.string().optional(),
})

/** One policy gives its object itself; several give `{ liveness: [...] }`. */
export const livenessJson = z.union([policyLivenessJson, z.object({ liveness: z.array(policyLivenessJson) })])

export const replayJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      policy: z.string(),
      outcome: z.enum(['reproduced', 'fixed', 'diverged']),
      expected: z.enum(['reproduced', 'fixed']),
      step: count,
      reason: z.string(),
    }),
  ),
  problems,
})

export const policiesJson = z.object({
  policies: z.array(
    z.object({
      name: z.string(),
      summary: z.string(),
      expected: claim,
      breaks: z.string().nullable(),
      fixedBy: z.string().nullable(),
    }),
  ),
})

/** What would have cost more than the limits allow, and why. */
const notEstablished = z.object({ notEstablished: z.string() })
/** Steps by their number in the diagram, from 1. */
const pair = z.object({
  before: count,
  after: count,
  why: z.enum(['program', 'cause', 'race']),
})

export const explainedJson = z.object({
  marks: z.union([
    z
      .array(
        z.object({
          essential: z.boolean(),
          order: z.enum(['irrelevant', 'matters', 'fixed', 'not established']),
          value: z.enum(['irrelevant', 'matters', 'none']),
        }),
      )
      .readonly(),
    notEstablished,
  ]),
  edges: z.union([z.array(pair).readonly(), notEstablished]),
})

/** How many, in decimal digits: it may be more than a number holds. */
const many = z.string().regex(/^\d+$/)

export const generalizedJson = z.union([
  z.object({ orders: many, failing: many, extensions: many, pairs: z.array(pair).readonly() }),
  notEstablished,
])

export const showJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      policy: z.string(),
      invariant: z.string(),
      diagram: z.string(),
      /** With `--explain`. */
      explained: explainedJson.optional(),
      /** With `--generalize`. */
      generalized: generalizedJson.optional(),
    }),
  ),
  problems,
})

export const dedupeJson = z.object({
  /** True: nothing was removed. */
  dryRun: z.boolean(),
  /** Races that several files kept: the one that stays, and those that go. */
  races: z.array(z.object({ kept: z.string(), removed: z.array(z.string()) })),
  /** Files of cases that no proof was come by for: they were compared as they stand. */
  unproven: z.array(z.string()),
  problems,
})

export const minimizeJson = z.object({
  cases: z.array(
    z.object({
      /** The file that was given, and the one that keeps the race now. */
      from: z.string(),
      file: z.string(),
      id: z.string(),
      outcome: z.enum(['minimal', 'minimized', 'merged', 'not established']),
    }),
  ),
  problems,
})

export const whyJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      sentences: z.array(z.string()).readonly(),
      replayed: z.enum(['reproduced', 'fixed', 'diverged']),
      expected: z.enum(['reproduced', 'fixed']),
      cure: z
        .object({
          policy: z.string(),
          /** Null if it could not be tried. */
          outcome: z.enum(['reproduced', 'fixed', 'diverged']).nullable(),
        })
        .nullable(),
    }),
  ),
  problems,
})

export const recertifyJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      verdict: z.enum(['holds', 'does not hold', 'not established', 'local']),
      /** Fields of the file, with what they are there and what proving it again gives, as JSON or `nothing`. */
      differences: z.array(z.object({ field: z.string(), file: z.string(), proven: z.string() })).readonly(),
    }),
  ),
  problems,
})

export const repairJson = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      policy: z.string(),
      invariant: z.string(),
      /** Of the space that a cure passes. */
      bounds: z.record(z.string(), z.unknown()),
      operations: count,
      /** All of the same size, the cheapest first. */
      cures: z.array(
        z.object({
          insertions: z.array(
            z.object({
              word: z.string(),
              part: z.string(),
              at: z.enum(['begin', 'end', 'step']),
              step: z.object({ name: z.string(), nth: count }).nullable(),
            }),
          ),
          sentence: z.string(),
          kinds: z.array(z.enum(['rcu', 'barrier', 'flush', 'ack', 'ipi'])),
          cost: z.object({ gracePeriods: z.number(), ipis: z.number(), steps: z.number() }),
          workloads: count,
          states: count,
        }),
      ),
      tried: count,
      spared: count,
      states: count,
      seconds: z.number(),
      notEstablished: z.string().nullable(),
    }),
  ),
  problems,
})

const failedTest = z.object({ path: z.string(), reason: z.string() })

export const litmusCheckJson = z.object({
  /** Tests that were compared with their row. */
  tests: count,
  equal: count,
  unequal: z.array(
    z.object({
      path: z.string(),
      /** States of the table that are not reached. */
      missing: z.array(z.string()),
      /** States that are reached and not in the table. */
      extra: z.array(z.string()),
      verdict: z.object({ expected: z.string(), found: z.string() }),
    }),
  ),
  /** Tests that could not be read or run. */
  failed: z.array(failedTest),
  /** Rows of the table that there is no file for. */
  rowsWithoutFile: z.array(z.string()),
  /** Files that there is no row for. */
  filesWithoutRow: z.array(z.string()),
})

export const litmusRunJson = z.object({
  tests: count,
  results: z.array(
    z.object({
      path: z.string(),
      name: z.string(),
      quantifier: z.enum(['exists', '~exists', 'forall']),
      verdict: z.enum(['Allow', 'Forbid', 'Require']),
      keys: z.array(z.string()),
      /** Final states: values in the order of the keys, separated by commas. */
      states: z.array(z.string()),
      /** States that the search went through. */
      explored: count,
    }),
  ),
  failed: z.array(failedTest),
})

/** With `--verdicts` the first, without it the second. */
export const litmusJson = z.union([litmusCheckJson, litmusRunJson])

/** With `--json`, a wrong use prints this. */
export const errorJson = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export const walkJson = z.object({
  rows: count,
  equal: count,
  unequal: z.array(z.object({ line: count, expected: z.string(), found: z.string() })).readonly(),
})
