/** Policies that load but do not behave: each gives one sentence, and in a hunt over several the others still run. */
import { describe, expect, it } from 'vitest'
import { huntJson } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { moduleFile, policyFile, policyText, QUICK, shootdown } from './drive.ts'

const SHARED = 'shared: { x: shootdown.variable() },'

/** What is wrong, the parts of the policy that make it so, and what has to be said of it. */
const MISBEHAVIOUR: readonly [what: string, parts: string, said: RegExp][] = [
  [
    'yields a number',
    '*flush() { yield 3 },',
    /policy mine .*yielded 3, which is not a step\. Expected a step of the cpu or host handle/,
  ],
  ['yields nothing', '*flush() { yield },', /yielded nothing, which is not a step/],
  ['yields a step function', '*flush(cpu) { yield cpu.cli },', /which is not a step/],
  [
    'forgets the star',
    '*flush(cpu, request) { yield cpu.flushLocal(request) },',
    /instead of running it .*Write `yield\* \.\.\.` with the star/,
  ],
  [
    'is no generator',
    'flush() {},',
    /mine flush did not return a generator\. Declare it as a generator method: `\*flush\(cpu, \.\.\.\)/,
  ],
  [
    'hands out an async generator',
    'flush() { return (async function* () {})() },',
    /mine flush did not return a generator\. Declare it .*, and not as an async one\./,
  ],
  ['hands out a promise', 'flush() { return Promise.resolve() },', /mine flush did not return a generator/],
  [
    'frees by no generator',
    'freeTable() {},',
    /mine freeTable did not return a generator\. Declare it as a generator method: `\*freeTable\(cpu/,
  ],
  ['throws at once', "*flush() { throw new TypeError('oh no') },", /threw at step \d+: oh no/],
  [
    'throws later',
    "*flush(cpu, request) { yield* cpu.flushLocal(request); throw 'oh no' },",
    /threw at step \d+: oh no/,
  ],
  [
    'calls a method that there is none of',
    '*flush(cpu) { yield* cpu.flushEverything() },',
    /threw at step \d+: /,
  ],
  [
    'calls a hypercall that there is none of',
    "*flush(cpu) { yield* cpu.hypercall('HvNope', 0, [0]) },",
    /no hypercall named "HvNope"; the policy declares: none/,
  ],
  [
    'sends an IPI that there is none of',
    "*flush(cpu) { yield* cpu.sendIpi(0, 'nope') },",
    /no interrupt named "nope"; the policy declares: none/,
  ],
  [
    'draws random numbers',
    '*flush(cpu, request) { for (let i = 0; i < 20; i++) yield* cpu.invlpg(Math.random() < 0.5 ? request.pages : 0) },',
    /is not deterministic: step \d+ was ".+" the first time and ".+" when/,
  ],
  [
    'has hidden state',
    '*flush(cpu, request) { globalThis.n = (globalThis.n ?? 0) + 1; for (let i = 0; i < globalThis.n; i++) yield* cpu.flushLocal(request) },',
    /is not deterministic: .*Keep state in shared variables\.$/m,
  ],
  [
    'never ends',
    '*flush(cpu, request) { for (;;) yield* cpu.flushLocal(request) },',
    /has not ended after 2000 steps; it last asked for ".+"\. Wait with `yield\* cpu\.until/,
  ],
  [
    'spins',
    `${SHARED} *flush(cpu) { while ((yield* cpu.load(cpu.shared.x.of())) === 0); },`,
    /has not ended after 2000 steps; it last asked for "load/,
  ],
  [
    'stores what the variable cannot hold',
    `${SHARED} *flush(cpu) { yield* cpu.store(cpu.shared.x.of(), 5) },`,
    /"x" was set to 5; it was declared to hold 0 to 1\. Declare a larger `max`/,
  ],
  [
    'names a CPU that there is none of',
    'shared: { x: shootdown.perCpu() }, *flush(cpu) { yield* cpu.store(cpu.shared.x.of(7), 1) },',
    /x\.of\(cpu\) is 7; expected a CPU from 0 to 0/,
  ],
  [
    'has an invariant that throws',
    "invariants: [{ name: 'odd', sentence: 'x', holds() { throw new Error('oh no') } }],",
    /Invariant "odd" of policy "mine" threw: oh no\. It should return true or false\./,
  ],
]

const verified = (parts: string): ReturnType<typeof shootdown> =>
  shootdown(['verify', '--cpus', '1', '--operations', '1', '--policy-file', policyFile(parts)])

describe.each(MISBEHAVIOUR)('a policy that %s', (_what, parts, said) => {
  it('is told in one sentence that names it, by hunt and by verify, with status 1', async () => {
    const file = policyFile(parts)
    for (const command of [
      ['hunt', ...QUICK, '--corpus', temporaryFolder()],
      ['verify', '--cpus', '1', '--operations', '1'],
    ]) {
      const { status, out, err } = await shootdown([...command, '--policy-file', file])
      expect({ status, out }, err).toEqual({ status: 1, out: '' })
      expect(err).toMatch(said)
      expect(err).toMatch(/^mine: [^\n]+\n$/)
    }
  })
})

describe('in a hunt over several policies', () => {
  const file = (): string =>
    moduleFile(
      [
        `export const a = ${policyText('*flush() { yield 3 },', 'bad-a')}`,
        `export const b = ${policyText('', 'good-b')}`,
        `export const c = ${policyText("*flush() { throw new Error('boom') },", 'bad-c')}`,
        `export const d = ${policyText('', 'good-d')}`,
      ].join('\n'),
    )

  it('the others still run', async () => {
    const { status, out, err } = await shootdown(['hunt', ...QUICK, '--policy-file', file()])
    expect(status).toBe(1)
    expect(out.match(/^[\w-]+(?=: no race)/gm)).toEqual(['good-b', 'good-d'])
    expect(err.match(/^[\w-]+(?=: )/gm)).toEqual(['bad-a', 'bad-c'])
  })

  it('each has its place in the JSON, with its error if it has one', async () => {
    const { json } = await shootdown(['hunt', ...QUICK, '--json', '--policy-file', file()])
    const { hunts, problems } = huntJson.parse(json())
    expect(hunts.map(({ policy, error }) => [policy, error === undefined])).toEqual([
      ['bad-a', false],
      ['good-b', true],
      ['bad-c', false],
      ['good-d', true],
    ])
    expect(problems).toHaveLength(2)
  })

  it('one that could not be hunted has the verdict "error" in the JSON, and what went wrong', async () => {
    const { json } = await shootdown([
      'hunt',
      ...QUICK,
      '--json',
      '--policy-file',
      policyFile('*flush() { yield 3 },'),
    ])
    expect(huntJson.parse(json()).hunts).toMatchObject([
      { verdict: 'error', error: expect.stringContaining('yielded 3, which is not a step') },
    ])
  })
})

describe('advice', () => {
  it('that names a method names one that there is: a forgotten star before cpu.flushLocal is told to write cpu.INVLPG', async () => {
    const { err } = await verified('*flush(cpu, request) { yield cpu.flushLocal(request) },')
    expect(err).not.toContain('cpu.INVLPG')
  })

  it('that is given to a loop of checkpoints is to put a step in', async () => {
    const { err } = await verified(
      "*flush(cpu) { for (let i = 0; ; i++) yield* cpu.checkpoint('again', i) },",
    )
    expect(err).toMatch(/asked for more than 2000 checkpoints without a step/)
  })

  it.each([
    ['until', '(value) => value === 1'],
    ['store', 'NaN'],
    ['store', "'1'"],
    ['store', '0.5'],
    ['store', ''],
  ])(
    'that is given to cpu.%s(word, %s) is that a whole number was expected: it is called nondeterministic, or taken',
    async (method, value) => {
      const { status, err } = await verified(
        `${SHARED} *flush(cpu) { yield* cpu.${method}(cpu.shared.x.of(), ${value}) },`,
      )
      expect(status).toBe(1)
      expect(err).not.toContain('deterministic')
      expect(err).toMatch(/whole number/)
    },
  )

  it.each([
    "cpu.sendIpi(9, 'mine')",
    'cpu.choose(5000)',
    'cpu.choose(0)',
    'cpu.freeTableNow(99)',
    'cpu.loadCr3(9)',
    "cpu.access(99, 'read')",
  ])(
    'that is given to %s is what there is: the number is taken as it is, whatever word of the state lies there',
    async (step) => {
      const { err } = await verified(`interrupts: { *mine() {} }, *flush(cpu) { yield* ${step} },`)
      expect(err).toMatch(/; expected /)
    },
  )
})
