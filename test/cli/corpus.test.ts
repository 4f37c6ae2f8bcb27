/** `shootdown corpus`: what its commands report, in words and as JSON, with which status, of good, foreign and damaged files. */
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  dedupeJson,
  makeCase,
  minimizeJson,
  raceOfCase,
  recertifyJson,
  whyJson,
  type Case,
} from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf, policyOf } from '../corpus/shipped.ts'
import { keepAll, tamper } from '../corpus/small.ts'
import { SHIPPED, shootdown } from './drive.ts'

/** Its proof is the quickest of all. */
const minimal = caseOf('flush-before-unhook', 'hardware-walk')
const local: Case = (() => {
  const race = raceOfCase('', minimal, policyOf(minimal.policy))
  return makeCase({ ...race, bounds: { ...race.bounds, preemptions: 0 } }, undefined, minimal.found)
})()

function both(): string {
  const folder = temporaryFolder()
  keepAll(folder, minimal, local)
  return folder
}
const golden = async (name: string, folder: string, ...argv: string[]): Promise<number> => {
  const { status, out } = await shootdown(['corpus', ...argv, '--corpus', folder])
  const timeless = out
    .replaceAll(folder, 'FOLDER')
    .replaceAll(/-[0-9a-f]{8}(?=\W)/g, '-DIGEST')
    .replaceAll(/(?<= run )[\d,]+|\b[\d,]+(?= states)/g, 'N')
  await expect(timeless).toMatchFileSnapshot(`golden/corpus-${name}.txt`)
  return status
}

describe('dedupe', () => {
  it('says what would go and removes nothing with --dry-run, then removes it', async () => {
    const folder = both()
    expect(await golden('dedupe-dry', folder, 'dedupe', '--dry-run')).toBe(0)
    expect(readdirSync(folder)).toHaveLength(2)
    expect(await golden('dedupe', folder, 'dedupe')).toBe(0)
    expect(readdirSync(folder)).toEqual([`${minimal.id}.json`])
  })

  it('says so as JSON', async () => {
    const folder = both()
    const { json } = await shootdown(['corpus', 'dedupe', '--corpus', folder, '--json'])
    expect(dedupeJson.parse(json())).toEqual({
      dryRun: false,
      races: [{ kept: join(folder, `${minimal.id}.json`), removed: [join(folder, `${local.id}.json`)] }],
      unproven: [],
      spent: { workloads: expect.any(Number), states: expect.any(Number) },
      problems: [],
    })
  })
})

describe('minimize', () => {
  it('proves what is local, and says what it is now', async () => {
    const folder = temporaryFolder()
    keepAll(folder, local)
    expect(await golden('minimize', folder, 'minimize')).toBe(0)
    const { json } = await shootdown(['corpus', 'minimize', '--corpus', folder, '--json'])
    expect(minimizeJson.parse(json()).cases).toMatchObject([{ outcome: 'minimal' }])
  })

  it('leaves what it has no time for, and ends with status 1', async () => {
    const folder = temporaryFolder()
    keepAll(folder, local)
    const { status, err } = await shootdown(['corpus', 'minimize', '--corpus', folder, '--time', '0.000001'])
    expect([status, err]).toEqual([1, 'Ended early; 1 cases were not looked at.\n'])
    expect(readdirSync(folder)).toEqual([`${local.id}.json`])
  })
})

describe('why', () => {
  it('tells it in a few sentences', async () => {
    expect(await golden('why', SHIPPED, 'why', caseOf('hyperv-list').id)).toBe(0)
  })

  it('tells it as JSON', async () => {
    const { json } = await shootdown(['corpus', 'why', minimal.id, '--corpus', SHIPPED, '--json'])
    expect(whyJson.parse(json()).cases).toMatchObject([
      { id: minimal.id, replayed: 'reproduced', expected: 'reproduced' },
    ])
  })
})

describe('recertify', () => {
  it('says that a certificate holds', async () => {
    const folder = temporaryFolder()
    keepAll(folder, minimal)
    expect(await golden('recertify', folder, 'recertify')).toBe(0)
  })

  it.each([true, false])('names what was changed in a file, under a seal that fits: %s', async (seals) => {
    const folder = temporaryFolder()
    const certificate = { ...minimal.certificate!, states: 1 }
    const file = tamper(folder, minimal, { certificate }, seals)
    const before = readFileSync(file, 'utf8')
    const { status, json } = await shootdown(['corpus', 'recertify', '--corpus', folder, '--json'])
    expect(status).toBe(1)
    const { cases, problems } = recertifyJson.parse(json())
    expect(problems).toEqual([])
    expect(cases).toMatchObject([{ file, verdict: 'does not hold' }])
    expect(cases[0].differences[0]).toEqual({
      field: 'certificate.states',
      file: '1',
      proven: `${minimal.certificate!.states}`,
    })
    expect(cases[0].differences.slice(1).map(({ field }) => field)).toEqual(seals ? [] : ['digest'])
    expect(await golden(seals ? 'recertify-resealed' : 'recertify-tampered', folder, 'recertify')).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})

describe.each(['dedupe', 'minimize', 'why', 'recertify'])('%s', (action) => {
  it('names a foreign case and a damaged one, goes on, and leaves both as they are', async () => {
    const folder = temporaryFolder()
    copyFileSync(join(SHIPPED, `${minimal.id}.json`), join(folder, `${minimal.id}.json`))
    const foreign = makeCase(
      {
        ...raceOfCase('', minimal, policyOf(minimal.policy)),
        policy: { ...policyOf(minimal.policy), name: 'away' },
      },
      undefined,
    )
    keepAll(folder, foreign)
    writeFileSync(join(folder, 'damaged.json'), '{"half')
    const { status, err } = await shootdown(['corpus', action, '--corpus', folder])
    expect(status).toBe(1)
    expect(err).toContain('There is no policy named "away".')
    expect(err).toContain(`${join(folder, 'damaged.json')}: is no JSON`)
    expect(err.trimEnd().split('\n')).toHaveLength(2)
    expect(readdirSync(folder).toSorted()).toEqual(
      [`${foreign.id}.json`, 'damaged.json', `${minimal.id}.json`].toSorted(),
    )
  })

  it('has nothing to do where there are no cases', async () => {
    const { status, out } = await shootdown(['corpus', action, '--corpus', temporaryFolder()])
    expect(status).toBe(0)
    expect(out).toContain('There is nothing to do: no cases in the folder')
  })
})

it.each([
  [[], 'No command was given; expected one of corpus dedupe, corpus minimize, corpus why, corpus recertify.'],
  [['tidy'], 'There is no command "corpus tidy"; expected one of corpus dedupe,'],
  [['constructor'], 'There is no command "corpus constructor"; expected one of corpus dedupe,'],
])('what else is asked of the corpus is wrong use: %j', async (argv, sentence) => {
  const { status, err } = await shootdown(['corpus', ...argv])
  expect(status).toBe(2)
  expect(err).toContain(sentence)
})
