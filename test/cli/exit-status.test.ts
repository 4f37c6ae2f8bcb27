/** The exit status: 0 as expected, 1 not as expected, 2 wrong use. It is what a CI job looks at. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sharedFlag } from '../../src/cli/interrupt.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf } from '../corpus/shipped.ts'
import { BREAKS, policyFile, QUICK, SHIPPED, shootdown } from './drive.ts'

const hunted = (parts: string): ReturnType<typeof shootdown> =>
  shootdown(['hunt', ...QUICK, '--policy-file', policyFile(parts), '--corpus', temporaryFolder()])
const verified = (parts: string): ReturnType<typeof shootdown> =>
  shootdown(['verify', '--cpus', '1', '--operations', '1', '--policy-file', policyFile(parts)])

describe('hunt', () => {
  it('is 0 where a policy that is stated to be broken is caught', async () => {
    const { status, out } = await hunted(`${BREAKS} expected: 'broken',`)
    expect(status).toBe(0)
    expect(out).toContain('Policy "mine" violates nothing-happens.')
    expect(out).not.toContain('not as expected')
  })

  it('is 1 where a policy without a claim is caught', async () => {
    const { status, out } = await hunted(BREAKS)
    expect(status).toBe(1)
    expect(out).toContain('Policy "mine" violates nothing-happens.')
  })

  it('is 1 where a policy that is stated to be safe is caught, and says so', async () => {
    const { status, out } = await hunted(`${BREAKS} expected: 'safe',`)
    expect(status).toBe(1)
    expect(out).toContain('mine is stated to be safe: not as expected.')
  })

  it.each(['', "expected: 'safe',"])(
    'is 0 where nothing is found, with or without that claim: %s',
    async (claim) => {
      const { status, out, err } = await hunted(claim)
      expect({ status, err }).toEqual({ status: 0, err: '' })
      expect(out).toMatch(
        /^mine: no race in 40 random runs, nor in any of the \d+ workloads of up to 2 operations \(all schedules[^:]*: [\d,]+ states, reduced by scheduling symmetry\)\.\n/,
      )
    },
  )

  it('is 1 where a policy that is stated to be broken is not caught, and says so', async () => {
    const { status, out } = await hunted("expected: 'broken',")
    expect(status).toBe(1)
    expect(out).toContain('mine is stated to be broken: not as expected.')
  })
})

describe('verify', () => {
  it.each([
    ['', 0, 'mine: verified within bounds'],
    ["expected: 'safe',", 0, ', as stated ('],
    ["expected: 'broken',", 1, ', but stated broken ('],
    [BREAKS, 1, 'mine: broken (nothing-happens)'],
    [`${BREAKS} expected: 'broken',`, 0, ', as stated ('],
    [`${BREAKS} expected: 'safe',`, 1, ', but stated safe ('],
  ])('compares the claim with what was found: %s is %d', async (parts, expected, sentence) => {
    const { status, out, err } = await verified(parts)
    expect({ status, err }).toEqual({ status: expected, err: '' })
    expect(out).toContain(sentence)
  })
})

it('hunt holds nothing against a claim that it had no time to look at', async () => {
  const argv = ['hunt', '--cpus', '1', '--runs', '1000000000', '--time', '0.1']
  const { status, out } = await shootdown([...argv, '--policy-file', policyFile("expected: 'broken',")])
  expect(status).toBe(1)
  expect(out).toMatch(/^mine: no race in [\d,]+ random runs\.$/m)
  expect(out).not.toContain('as expected')
})

it('verify holds nothing against a claim that was not searched to its end', async () => {
  const flag = sharedFlag()
  Atomics.store(flag, 0, 1)
  const file = policyFile("expected: 'safe',")
  const { status, out } = await shootdown(['verify', '--policy-file', file], flag)
  expect(status).toBe(1)
  expect(out).toMatch(/^mine: not verified, /)
  expect(out).not.toContain('stated')
})

describe.each(['replay', 'show', 'repair'])('%s', (command) => {
  it('is 2 where the folder that --corpus names does not exist', async () => {
    const folder = join(temporaryFolder(), 'nowhere')
    const { status, out, err } = await shootdown([command, '--corpus', folder])
    expect({ status, out, err }).toEqual({
      status: 2,
      out: '',
      err: `Option --corpus is "${folder}"; expected a folder that exists.\n`,
    })
  })

  it('is 2 where it is a file', async () => {
    const file = join(temporaryFolder(), 'notes.txt')
    writeFileSync(file, 'x')
    const { status, out, err } = await shootdown([command, '--corpus', file])
    expect({ status, out, err }).toEqual({
      status: 2,
      out: '',
      err: `${file}: is a file; expected a folder of corpus cases, or one case (a .json file).\n`,
    })
  })

  it('is 0 where there are no cases, and says so', async () => {
    const folder = temporaryFolder()
    const { status, out, err } = await shootdown([command, '--corpus', folder])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toMatch(
      new RegExp(`^There is nothing to ${command}: no cases in the folder "${folder}"\\.\n`),
    )
  })
})

describe('replay', () => {
  const kept = caseOf('hyperv-list')
  const file = join(SHIPPED, `${kept.id}.json`)

  it('is 0 where all cases end as they should', async () => {
    const { status, out, err } = await shootdown(['replay', file])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toContain('1 cases: 1 reproduced, 0 fixed, 0 diverged; 0 unreadable.')
  })

  it('is 1 where one does not, and says what was expected', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, `${kept.id}.json`), JSON.stringify({ ...kept, expect: 'fixed' }))
    const { status, out } = await shootdown(['replay', '--corpus', folder])
    expect(status).toBe(1)
    expect(out).toMatch(/^reproduced {2}.*\(expected: fixed\)$/m)
  })

  it('is 1 where one cannot be read, and the others are replayed', async () => {
    const folder = temporaryFolder()
    copyFileSync(file, join(folder, `${kept.id}.json`))
    writeFileSync(join(folder, 'broken.json'), '{')
    const { status, out, err } = await shootdown(['replay', '--corpus', folder])
    expect(status).toBe(1)
    expect(err).toContain(join(folder, 'broken.json'))
    expect(out).toContain('1 cases: 1 reproduced, 0 fixed, 0 diverged; 1 unreadable.')
  })

  it('is 1 where the policy of a case is not known, which is named', async () => {
    const folder = temporaryFolder()
    const { status } = await shootdown([
      'hunt',
      ...QUICK,
      '--policy-file',
      policyFile(BREAKS),
      '--corpus',
      folder,
    ])
    const { status: replayed, err } = await shootdown(['replay', '--corpus', folder])
    expect([status, replayed]).toEqual([1, 1])
    expect(err).toMatch(
      /^There is no policy named "mine"\. Known policies: native-ipi, .* use --policy-file FILE\.\n$/,
    )
  })
})

it('show and policies are 0 where there is nothing wrong', async () => {
  expect((await shootdown(['show', caseOf('xen-pv').id, '--corpus', SHIPPED])).status).toBe(0)
  expect((await shootdown(['policies'])).status).toBe(0)
})
