/** Ending early, by time or by the flag that Ctrl-C raises: at once, cleanly, and with what was found until then. */
import { describe, expect, it } from 'vitest'
import { sharedFlag } from '../../src/cli/interrupt.ts'
import { huntJson, replayJson, verifyJson } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { BREAKS, policyFile, SHIPPED, shootdown, type Ran } from './drive.ts'

const raised = (): Int32Array => {
  const flag = sharedFlag()
  Atomics.store(flag, 0, 1)
  return flag
}

/** Runs a command that must be over within some seconds. */
async function within(seconds: number, argv: string[], flag?: Int32Array): Promise<Ran> {
  const begun = performance.now()
  const ran = await shootdown(argv, flag)
  expect((performance.now() - begun) / 1000).toBeLessThan(seconds)
  return ran
}

describe('--time', () => {
  it('ends a hunt of all policies early; what was found is reported, and standard error says so', async () => {
    const { out, err } = await within(5, ['hunt', '--time', '0.5', '--corpus', temporaryFolder()])
    expect(out).toMatch(/^native-ipi: no race in [\d,]+ random runs\.\n/m)
    expect(err).toBe('Ended early; what was found until then is reported and kept.\n')
  })

  const forEver = (parts: string): string[] => {
    const search = ['hunt', '--time', '0.6', '--cpus', '1', '--runs', '1000000000']
    return [...search, '--policy-file', policyFile(parts), '--corpus', temporaryFolder()]
  }

  it.each([
    [BREAKS, 'race'],
    ['', 'clean'],
  ])('leaves what was found until then in the JSON, marked as interrupted: %s', async (parts, verdict) => {
    const { json } = await within(6, [...forEver(parts), '--json'])
    const { hunts } = huntJson.parse(json())
    expect(hunts).toMatchObject([{ policy: 'mine', verdict, interrupted: true }])
    expect(hunts[0].runs).toBeGreaterThan(0)
    expect(hunts[0].runs).toBeLessThan(1_000_000_000)
  })

  it('leaves a race the time for its proof: random search takes no more than half of it', async () => {
    const { json } = await within(6, [...forEver(BREAKS), '--json'])
    const { hunts } = huntJson.parse(json())
    expect(hunts[0].races).toMatchObject([{ minimality: 'minimal', unproven: null }])
    expect(hunts[0].seconds).toBeLessThan(0.6)
  })

  it('that was too short for a proof is given as the reason', async () => {
    const large = ['hunt', '--policy', 'hyperv-list', '--cpus', '3', '--speculation', '2']
    const argv = [...large, '--time', '0.8', '--corpus', temporaryFolder()]
    const { out } = await within(60, argv)
    expect(out).toMatch(
      /^Small, but only locally minimal: .*\. Time ran out before the search for a smaller one was done\.$/m,
    )
    expect(out).not.toContain('was too large')
  })

  it('ends a verification early: nothing is claimed, and the status is 1', async () => {
    const { status, out, err } = await within(5, [
      'verify',
      '--time',
      '0.2',
      '--operations',
      '3',
      '--policy',
      'native-ipi',
    ])
    expect(status).toBe(1)
    expect(out).toMatch(/^native-ipi: not verified, given up within up to 3 operations, 2 vCPUs, .* after /)
    expect(out).not.toContain('verified within bounds')
    expect(err).toBe('Ended early; nothing is claimed of what was not searched.\n')
  })

  it('that is long enough changes nothing', async () => {
    const { status, err } = await shootdown([
      'verify',
      '--cpus',
      '1',
      '--operations',
      '1',
      '--time',
      '600',
      '--policy',
      'native-ipi',
    ])
    expect({ status, err }).toEqual({ status: 0, err: '' })
  })
})

describe('a flag that is raised from the start', () => {
  it('ends a hunt at once', async () => {
    const { out, err } = await within(2, ['hunt', '--corpus', temporaryFolder()], raised())
    expect(out).toBe('')
    expect(err).toContain('Ended early')
  })

  it('ends a hunt with --json at once, with an object all the same', async () => {
    const { json } = await within(2, ['hunt', '--json', '--corpus', temporaryFolder()], raised())
    expect(huntJson.parse(json())).toEqual({ hunts: [], problems: [] })
  })

  it('ends a verification at once, with status 1', async () => {
    const { status, out } = await within(2, ['verify', '--policy', 'native-ipi'], raised())
    expect(status).toBe(1)
    expect(out).toMatch(/^native-ipi: not verified, .* after 0 workloads, 0 states/)
    const { json } = await within(2, ['verify', '--json'], raised())
    expect(verifyJson.parse(json())).toMatchObject({
      verifications: [{ verdict: 'incomplete', workloads: 0 }],
    })
  })

  it('ends a replay at once', async () => {
    const { json } = await within(2, ['replay', '--json', '--corpus', SHIPPED], raised())
    expect(replayJson.parse(json())).toEqual({ cases: [], problems: [] })
  })

  it.each([
    ['a hunt', ['hunt']],
    ['a replay', ['replay', '--corpus', SHIPPED]],
  ])('does not let %s pass that has looked at nothing: its status is 0', async (_what, argv) => {
    expect((await shootdown(argv, raised())).status).toBe(1)
  })

  it('is told by a replay, as by the other commands', async () => {
    expect((await shootdown(['replay', '--corpus', SHIPPED], raised())).err).toContain('Ended early')
  })

  it('does not matter to what searches nothing', async () => {
    expect((await shootdown(['policies'], raised())).out).toContain('native-ipi')
    expect((await shootdown(['replay', 'nope', '--corpus', SHIPPED], raised())).err).toContain(
      'there is no such case',
    )
  })
})
