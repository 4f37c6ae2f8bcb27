/** What is said of one policy without a test runner: whether it passed, and a message for people. */
import { symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  casesOf,
  checkByHunting,
  checkByVerifying,
  checkCase,
  checkLiveness,
  type CheckOptions,
} from '../../src/check/check.ts'
import { definePolicy, hypervList, nativeIpi, readCorpus } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf, folder as shipped, textOf } from '../corpus/shipped.ts'
import { crossed } from '../liveness/policies/crossed.ts'

const sound = definePolicy({
  name: 'sound',
  summary: 'One of the tests',
  *flush(cpu, request) {
    yield* cpu.flushLocal(request)
    yield* cpu.callFunction(request.targets, request)
  },
})
/** Breaks at the first step of anything. */
const broken = definePolicy({
  ...sound,
  name: 'broken',
  invariants: [{ name: 'nothing-happens', sentence: 'Nothing ever happens.', holds: () => false }],
})

/** Options that make a check cheap. */
const quick = (corpus = temporaryFolder()): CheckOptions => ({
  runs: 40,
  bounds: { vcpus: 1, speculation: 0 },
  operations: { hunt: 2, verify: 1 },
  corpus,
})

describe('a search for waits without end', () => {
  it('passes a policy that is live, and says within which bounds', () => {
    const { passed, message } = checkLiveness(sound, quick())
    expect(passed).toBe(true)
    expect(message).toMatch(
      /^sound: live within bounds \(up to 1 operations, 1 vCPU, 0 preemptions\), every fair run comes to its end: 16 workloads, /,
    )
  })

  it('fails a policy that is not, with the lanes, and keeps what it found', () => {
    const corpus = temporaryFolder()
    const policy = crossed('poll', true)
    const { passed, message } = checkLiveness(policy, { corpus, policyFile: 'mine.ts' })
    expect(passed).toBe(false)
    const [{ file, case: kept }] = readCorpus(corpus).cases
    expect(message).toContain('<== flush-completes, back to 11')
    const own = `${file} --policy-file mine.ts`
    expect(message.split('\n').slice(-3)).toEqual([
      `Saved as ${file}`,
      `Replay:  npx shootdown replay ${own}`,
      `Repair:  npx shootdown repair ${own}`,
    ])
    expect(kept).toMatchObject({ policy: policy.name, cycle: 2, minimality: 'minimal' })
  })
})

describe.each([
  ['a hunt', checkByHunting],
  ['a verification', checkByVerifying],
] as const)('%s', (_what, check) => {
  it('passes a sound policy, with or without that claim, and says what was looked at', () => {
    for (const policy of [sound, { ...sound, expected: 'safe' as const }]) {
      const { passed, message } = check(policy, quick())
      expect(passed).toBe(true)
      expect(message).toMatch(
        /^sound: (no race in 40 random runs|verified within bounds \(up to 1 operations, 1 vCPU, .*\): 16 workloads, [\d,]+ states, .*)$/,
      )
    }
  })

  it('fails a policy that breaks and does not say so: the message is the race, where it was saved, and how to replay it', () => {
    const corpus = temporaryFolder()
    const { passed, message } = check(broken, { ...quick(corpus), policyFile: 'src/broken.ts' })
    expect(passed).toBe(false)
    const [{ file, case: kept }] = readCorpus(corpus).cases
    const lines = message.split('\n')
    expect(lines).toContain('Policy "broken" violates nothing-happens.')
    expect(lines).toContain('  expected: Nothing ever happens.')
    expect(lines).toContain('   #  CPU0')
    expect(lines.find((line) => line.endsWith('  <== nothing-happens'))).toBeDefined()
    expect(
      lines.find((line) => line.startsWith('Minimal: 1 operation, 1 vCPU, 0 context switches, 1 step.')),
    ).toBeDefined()
    expect(lines.slice(-2)).toEqual([
      `Saved as ${file}`,
      `Replay:  npx shootdown replay ${file} --policy-file src/broken.ts`,
    ])
    expect(kept).toMatchObject({ policy: 'broken', invariant: 'nothing-happens', minimality: 'minimal' })
  })

  it('explains a race of several steps: what matters in each, and which order is the bug', () => {
    const corpus = temporaryFolder()
    const forgetful = definePolicy({
      name: 'forgetful',
      summary: 'Flushes nobody but itself',
      workload: ['munmap', 'gup_fast'],
      machine: { groups: [[0]], preemptions: 0 },
      *flush(cpu, request) {
        yield* cpu.flushLocal(request)
      },
    })
    const calm = { bounds: { speculation: 0 }, operations: { hunt: 2, verify: 2 } }
    const options = { ...quick(corpus), ...calm, runs: 2000 }
    const lines = check(forgetful, options).message.split('\n')
    expect(lines).toContain('-OV   2                       read PMD[0] in PMD -> T0 W A')
    expect(lines).toContain('   6 before  7   CPU0: free T0, then CPU1: read PTE[0] in T0 -> none')
    const kept = readCorpus(corpus).cases.map(({ case: each }) => each)
    expect(kept.map(({ explained }) => explained?.edges)).toEqual([
      [
        { before: 2, after: 4 },
        { before: 6, after: 7 },
      ],
    ])
  })

  it('says what has to be put in where the file of the policy is not known', () => {
    expect(check(broken, quick()).message).toMatch(
      /\nReplay: .* --policy-file FILE\nFILE is the file that exports the policy\.$/,
    )
  })

  it('fails one that is stated to be safe as well, and passes one that is stated to be broken, which is not saved', () => {
    expect(check({ ...broken, expected: 'safe' }, quick()).passed).toBe(false)
    const corpus = temporaryFolder()
    expect(check({ ...broken, expected: 'broken' }, quick(corpus)).passed).toBe(true)
    expect(readCorpus(corpus).cases).toEqual([])
  })

  it('fails a sound policy that is stated to be broken', () => {
    expect(check({ ...sound, expected: 'broken' }, quick()).passed).toBe(false)
  })

  it('tells the race also where it cannot be saved, and why', () => {
    const folder = temporaryFolder()
    symlinkSync(join(folder, 'gone', 'away'), join(folder, 'link'))
    const { passed, message } = check(broken, quick(join(folder, 'link')))
    expect(passed).toBe(false)
    expect(message).toContain('Policy "broken" violates nothing-happens.')
    expect(message).toMatch(
      /\nNot saved: .+ could not be written \(.+\)\. The old file, if there was one, is untouched\.$/,
    )
  })

  it('tells the race also where the corpus is a file: it throws ENOTDIR instead, and the race is lost', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, 'precious')
    expect(check(broken, quick(file)).message).toContain('Not saved: ')
  })
})

describe('a hunt', () => {
  it('says that a claim of being broken was not borne out', () => {
    expect(checkByHunting({ ...sound, expected: 'broken' }, quick()).message).toBe(
      'sound: no race in 40 random runs, though it is stated to be broken',
    )
  })

  it('finds the same race twice and keeps it once', () => {
    const corpus = temporaryFolder()
    const first = checkByHunting(broken, quick(corpus)).message
    expect(checkByHunting(broken, { ...quick(corpus), seed: 4, strategy: 'pct' }).message).toBe(first)
    expect(readCorpus(corpus).cases).toHaveLength(1)
  })
})

it('a verification and a hunt keep the same race as the same case', () => {
  const corpus = temporaryFolder()
  checkByHunting(broken, quick(corpus))
  checkByVerifying(broken, quick(corpus))
  expect(readCorpus(corpus).cases).toHaveLength(1)
})

describe('the corpus', () => {
  it('gives a policy its own cases', () => {
    const { cases, problems } = casesOf(hypervList, shipped)
    expect(problems).toEqual([])
    expect(new Set(cases.map(({ case: { policy } }) => policy))).toEqual(new Set(['hyperv-list']))
    expect(casesOf(sound, shipped)).toEqual({ cases: [], problems: [] })
    expect(casesOf(sound, join(temporaryFolder(), 'nowhere'))).toEqual({ cases: [], problems: [] })
  })

  it('names its bad files to every policy', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'bad.json'), '')
    writeFileSync(join(folder, `${caseOf('hyperv-list').id}.json`), textOf(caseOf('hyperv-list')))
    const { cases, problems } = casesOf(hypervList, folder)
    expect(cases.map(({ file }) => basename(file))).toEqual([`${caseOf('hyperv-list').id}.json`])
    expect(problems).toEqual([expect.stringContaining(`${join(folder, 'bad.json')}: is empty`)])
  })

  it('passes where a case ends as it should, and says how it ended where it does not', () => {
    const [kept] = casesOf(hypervList, shipped).cases
    expect(checkCase(hypervList, kept)).toMatchObject({ passed: true, replayed: { outcome: 'reproduced' } })
    const repaired = {
      ...nativeIpi,
      options: hypervList.options,
      name: 'hyperv-list',
      expected: 'broken' as const,
    }
    expect(checkCase(repaired as typeof nativeIpi, kept)).toMatchObject({
      passed: false,
      message: `${kept.file}: fixed, expected reproduced: the schedule runs to its end and nothing breaks`,
    })
    expect(checkCase({ ...repaired, expected: 'safe' } as typeof nativeIpi, kept).passed).toBe(true)
    expect(checkCase({ ...hypervList, expected: 'safe' as const }, kept)).toMatchObject({ passed: false })
  })
})
