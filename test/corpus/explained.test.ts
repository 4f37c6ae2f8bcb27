/** What a case keeps of its explanation; and that cases without one are what they were before there was any. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  explainAndGeneralize,
  hypervList,
  keptOf,
  makeCase,
  parseCase,
  raceOfCase,
  readCorpus,
  replayCase,
  type Case,
} from '../../src/index.ts'
import { shootdown } from '../cli/drive.ts'
import { caseOf, cases } from './shipped.ts'

const folder = join(import.meta.dirname, 'format-1')
const explained = caseOf('hyperv-list')
const race = raceOfCase('here', explained, hypervList)

const refusal = (kept: Case): { code: string; message: string } => {
  try {
    parseCase('case.json', JSON.stringify(kept))
  } catch (cause) {
    return cause as { code: string; message: string }
  }
  throw new Error('it was accepted')
}

describe('a case of format 1', () => {
  const { cases: old, problems } = readCorpus(folder)

  it('is read as it was, and has the name that it has now', () => {
    expect(problems).toEqual([])
    expect(old.map(({ case: kept }) => [kept.format, kept.id, kept.explained])).toEqual([
      [1, explained.id, undefined],
    ])
  })

  it('is written as it was, byte by byte', () => {
    const again = makeCase(race, explained.certificate, explained.found)
    expect(`${JSON.stringify(again, null, 2)}\n`).toBe(readFileSync(old[0].file, 'utf8'))
  })

  it('is replayed, shown and explained', async () => {
    expect(replayCase(old[0].case, hypervList).outcome).toBe('reproduced')
    const { status, out } = await shootdown(['show', '--corpus', folder, '--explain', '--generalize'])
    expect(status).toBe(0)
    expect(out).toContain('3 of the 84 orders of these steps fail')
  })
})

describe('a case of format 2', () => {
  it('is format 1 with the explanation, and has another digest', () => {
    const without = makeCase(race, explained.certificate, explained.found)
    const { explained: added, digest, format, ...rest } = explained
    expect({ ...rest, format: 1, digest: without.digest }).toEqual(without)
    expect([format, added]).toEqual([2, keptOf(explainAndGeneralize(race))])
    expect(digest).not.toBe(without.digest)
  })

  it('has a mark for every step, and pairs of steps that there are', () => {
    for (const kept of cases) {
      const { marks, edges } = kept.explained!
      expect(marks).toHaveLength(kept.schedule.length)
      for (const step of edges.flatMap(({ before, after }) => [before, after]))
        expect(kept.schedule[step - 1]).toBeDefined()
    }
  })

  it('is not made where an explanation is not established', () => {
    const nothing = keptOf(explainAndGeneralize(race, { maxTransitions: 10 }))
    expect(nothing).toBeUndefined()
    expect(makeCase(race, explained.certificate, explained.found, nothing).format).toBe(1)
  })

  it('is not made where only a part of it is', () => {
    const whole = explainAndGeneralize(race)
    const none = { notEstablished: 'nobody has looked' }
    expect(keptOf({ ...whole, generalized: none })).toBeUndefined()
    expect(keptOf({ ...whole, explained: { ...whole.explained, marks: none } })).toBeUndefined()
    expect(keptOf({ ...whole, explained: { ...whole.explained, edges: none } })).toBeUndefined()
  })

  it.each([
    ['calls itself one of format 1', { format: 1 }, '"format" is 1, but the content of the case gives 2'],
    [
      'has lost its explanation',
      { explained: undefined },
      '"format" is 2, but the content of the case gives 1',
    ],
    [
      'has other marks',
      { explained: { ...explained.explained!, marks: explained.explained!.marks.toReversed() } },
      '"digest" is',
    ],
    [
      'has a mark that there is none of',
      { explained: { ...explained.explained!, marks: ['X--'] } },
      '"explained.marks.0"',
    ],
    [
      'counts with numbers',
      { explained: { ...explained.explained!, orders: { all: 84, failing: 3, extensions: 3 } } },
      '"explained.orders.all"',
    ],
  ])('is refused if it %s', (_, changes, problem) => {
    expect(refusal({ ...explained, ...changes } as Case).message).toContain(problem)
  })
})
