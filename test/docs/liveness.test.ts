/** What docs/liveness.md shows is what is printed. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findLivelock } from '../../src/liveness/livelock.ts'
import { livenessBounds, liveness, tellLiveness } from '../../src/liveness/liveness.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { Space } from '../../src/protocol/index.ts'
import { drawLasso } from '../../src/report/protocol.ts'
import { diagramOf } from '../../src/report/race.ts'
import { catalogue } from '../liveness/catalogue.ts'
import { crossed } from '../liveness/policies/crossed.ts'

const page = readFileSync(new URL('../../docs/liveness.md', import.meta.url), 'utf8')

describe('the page on liveness', () => {
  it('shows the lanes of a policy that waits with interrupts off', () => {
    const policy = crossed('poll', true)
    const { race } = liveness({ policy, bounds: livenessBounds(policy), operations: 2 })
    expect(page).toContain(`\n${diagramOf(race!)}\n`)
  })

  it('shows the lanes of a protocol that loses a wake-up', () => {
    const { make } = catalogue.find(({ name }) => name === 'a wake-up between look and sleep, polled for')!
    const space = new Space(make())
    expect(page).toContain(`\n${drawLasso(space, findLivelock(space).lasso!)}\n`)
  })

  it('quotes the sentence of a policy that is live', () => {
    const bounds = livenessBounds(nativeIpi, { groups: [[0]] })
    const [sentence] = tellLiveness(nativeIpi, liveness({ policy: nativeIpi, bounds, operations: 2 })).split(
      /: \d/,
    )
    expect(page).toContain(sentence)
  })

  it('imports names that there are', async () => {
    const library: object = await import('../../src/index.ts')
    const imported = /import \{ (.*) \} from 'shootdown'/.exec(page)![1].split(', ')
    expect(imported.filter((name) => !(name in library))).toEqual([])
  })
})
