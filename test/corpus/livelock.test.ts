/** Cases that go round for ever: what a changed policy makes of them, and that cases of before are as they were. */
import { describe, expect, it } from 'vitest'
import { makeCase, raceOfCase, replayCase, type Case, type Race } from '../../src/index.ts'
import { livenessBounds, liveness } from '../../src/liveness/liveness.ts'
import { crossed } from '../liveness/policies/crossed.ts'
import { cases } from './shipped.ts'

const policy = crossed('poll', true)
const race: Race = liveness({ policy, bounds: livenessBounds(policy), operations: 2 }).race!
const kept = makeCase(race, undefined)

describe('a case that goes round', () => {
  it('has a name of its own: the same schedule without a cycle is another', () => {
    const { cycle: _cycle, ...straight } = race
    expect(makeCase(straight, undefined).id).not.toBe(kept.id)
  })

  it('is fixed in a policy that takes interrupts while it polls: the same steps pass somebody over', () => {
    const { outcome, reason } = replayCase(kept, crossed('poll', false))
    expect([outcome, reason]).toEqual(['fixed', 'the schedule runs to its end and nothing breaks'])
  })

  it('is reproduced where the policy hangs in the other way: it waits where it polled', () => {
    const { outcome, reason } = replayCase(kept, crossed('guard', true))
    expect([outcome, reason.split(';')[0]]).toEqual(['reproduced', 'deadlock'])
  })

  it('has its race in the policy that it is about, and none once that is repaired', () => {
    expect(raceOfCase('here', kept, policy)).toEqual(race)
    const repaired = { ...crossed('poll', false), name: policy.name }
    expect(() => raceOfCase('here', kept, repaired)).toThrow(
      'its schedule violates nothing any more; the policy has been repaired',
    )
  })
})

describe('a case of before', () => {
  it('has no cycle, and neither has its race', () => {
    for (const each of cases) expect(Object.keys(each satisfies Case)).not.toContain('cycle')
  })
})
