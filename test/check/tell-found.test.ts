/** What a failing check says, word for word, and that it fits a screen: its lanes, why they break, and what to ask next. */
import { describe, expect, it } from 'vitest'
import { checkByHunting, checkByVerifying, checkLiveness } from '../../src/check/check.ts'
import { tellAll, tellFound } from '../../src/check/tell-found.ts'
import { definePolicy, hypervList, perCpu, readCorpus } from '../../src/index.ts'
import { SCREEN, wrapped } from '../../src/report/screen.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { keptRaces, raceOf } from '../explain/races.ts'
import { crossed } from '../liveness/policies/crossed.ts'
import { some } from '../thorough.ts'

/** The policy of the README: it does not wait. */
const lazyFlush = definePolicy({
  name: 'lazy-flush',
  summary: 'Asks the others to flush and goes on; they do so when they get to it',
  machine: { groups: [[0]], preemptions: 0 },
  workload: ['munmap', 'gup_fast', 'read', 'write'],
  shared: { asked: perCpu({ max: 15 }) },
  *flush(cpu, request) {
    yield* cpu.flushLocal(request)
    for (const target of request.targets) {
      yield* cpu.fetchOr(cpu.shared.asked.of(target), request.pages)
      yield* cpu.sendIpi(target, 'flush')
    }
  },
  interrupts: {
    *flush(cpu) {
      const pages = yield* cpu.load(cpu.shared.asked.of(cpu.id))
      yield* cpu.invlpg(pages)
      yield* cpu.fetchAnd(cpu.shared.asked.of(cpu.id), ~pages)
    },
  },
})
const { expected: _stated, ...unstated } = hypervList

/** A message without what test/quality pins: numbers of states, and digests of cases. */
async function compare(name: string, message: string, corpus: string): Promise<void> {
  const timeless = message
    .replaceAll(corpus, 'corpus')
    .replaceAll(/-[0-9a-f]{8}(?=\.json)/g, '-DIGEST')
    .replaceAll(/\b[\d,]+(?=\s+(states|transitions))/g, 'N')
  await expect(`${timeless}\n`).toMatchFileSnapshot(`golden/${name}.txt`)
}

const options = (corpus: string) => ({ corpus, policyFile: 'mine.ts', runs: 4000 })

it('a hunt that meets several invariants tells the smallest race, and of the others where they are kept', async () => {
  const corpus = temporaryFolder()
  const { message } = checkByHunting(lazyFlush, { ...options(corpus), operations: { hunt: 2 } })
  await compare('several', message, corpus)
  expect(message.match(/Saved as/g)).toHaveLength(readCorpus(corpus).cases.length)
  expect(message.match(/<==/g)).toHaveLength(1)
})

it('a verification that meets the race of 2017', async () => {
  const corpus = temporaryFolder()
  const small = { groups: [[0]], speculation: 0, preemptions: 0 }
  const { message } = checkByVerifying(unstated, { ...options(corpus), bounds: small })
  await compare('race-of-2017', message, corpus)
})

it('a deadlock, and a run that goes round for ever', async () => {
  for (const how of ['guard', 'poll'] as const) {
    const corpus = temporaryFolder()
    await compare(how, checkLiveness(crossed(how, true), options(corpus)).message, corpus)
  }
})

describe('the message of every race that is kept', () => {
  const races = some(keptRaces, 12).map(({ kept }) => ({ ...raceOf(kept), certificate: kept.certificate }))

  it('fits a screen: no line is wider than that, but for commands and files', () => {
    for (const { certificate, ...race } of races) {
      const keeping = { corpus: temporaryFolder(), policyFile: 'mine.ts' }
      const message = tellFound({ race, certificate, found: undefined }, keeping)
      const prose = message.split('\n').filter((line) => !/^(Saved|Replay|Explain|Repair)/.test(line))
      expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(SCREEN)
      const from = prose.findIndex((line) => /^(EOV)? +# /.test(line))
      expect(prose.indexOf('', from) - from).toBeLessThanOrEqual(40)
    }
  })

  it('names a case that is kept without proof as one to be made small', () => {
    const [{ certificate: _proof, ...race }] = races
    const keeping = { corpus: temporaryFolder(), policyFile: undefined }
    const lines = tellAll(
      [{ race, certificate: undefined, unproven: 'time', found: undefined }],
      keeping,
    ).split('\n')
    const [{ file }] = readCorpus(keeping.corpus).cases
    expect(lines.slice(-6)).toEqual([
      `Saved as ${file}`,
      `Replay:  npx shootdown replay ${file} --policy-file FILE`,
      `Explain: npx shootdown show ${file} --explain --generalize --policy-file FILE`,
      `Shrink:  npx shootdown corpus minimize ${file} --policy-file FILE`,
      `Repair:  npx shootdown repair ${file} --policy-file FILE`,
      'FILE is the file that exports the policy.',
    ])
  })
})

describe('a line that is too wide', () => {
  it('is broken between words, and what goes on is indented by two columns', () => {
    expect(wrapped('  one two three four', 12)).toBe('  one two\n    three\n    four')
    expect(wrapped('short\n  one two three', 11)).toBe('short\n  one two\n    three')
    expect(wrapped(' 1. one two three', 11)).toBe(' 1. one two\n    three')
  })

  it('is left as it is where a word is wider than the screen', () => {
    expect(wrapped('a /path/that/is/longer and more', 10)).toBe('a /path/that/is/longer\n  and more')
    expect(wrapped('/path/that/is/longer', 10)).toBe('/path/that/is/longer')
  })
})
