/** A replay comes to an end, whatever the machine that it runs on is like. */
import { runInThisContext } from 'node:vm'
import { expect, it } from 'vitest'
import { hypervList, hypervRcu, replayCase, type Bounds } from '../../src/index.ts'
import { caseOf } from './shipped.ts'

const { options: _options, ...kept } = caseOf('hyperv-list')

/** Runs code that may never end, and ends it after a time. */
function within(milliseconds: number, code: () => unknown): unknown {
  const holder = globalThis as { mayNeverEnd?: () => unknown }
  holder.mayNeverEnd = code
  try {
    return runInThisContext('mayNeverEnd()', { timeout: milliseconds })
  } finally {
    delete holder.mayNeverEnd
  }
}

const endsOn = (bounds: Partial<Bounds>): void => {
  const replayed = within(1000, () => replayCase(kept, hypervRcu, bounds))
  expect(replayed).toMatchObject({ outcome: expect.stringMatching(/^(reproduced|fixed|diverged)$/) })
}

it.each<[string, Partial<Bounds>]>([
  ['with an idle CPU more', { vcpus: 3, pcpus: 3 }],
  ['with a pCPU more', { pcpus: 3 }],
  ['with deeper tables', { levels: 3 }],
  ['without preemptions', { preemptions: 0 }],
  ['with eviction and speculation', { eviction: true, speculation: 2 }],
  ['with migration', { migration: true }],
  ['without VPIDs', { vpid: false }],
])('%s', (_what, bounds) => {
  endsOn(bounds)
})

it('with fewer pCPUs than vCPUs: what is left over is run by the first who can, and two vCPUs take turns for ever', () => {
  endsOn({ pcpus: 1 })
})

it('bounds that no machine has are refused', () => {
  expect(() => replayCase(kept, hypervList, { vcpus: 0 })).toThrow(/vcpus is 0; expected/)
  expect(() => replayCase(kept, hypervList, { groups: [[5]] })).toThrow(/pages is 5; expected pages below 4/)
})
