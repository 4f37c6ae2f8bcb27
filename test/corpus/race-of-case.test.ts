/** The race that a case keeps, for showing it: as it was, or a sentence that says why it can no longer be shown. */
import { describe, expect, it } from 'vitest'
import {
  definePolicy,
  diagramOf,
  hunt,
  hypervList,
  hypervRcu,
  makeCase,
  nativeIpi,
  parseCase,
  raceOfCase,
  replayCase,
  ShootdownError,
  sizeOf,
  tellRace,
  variable,
  Worlds,
} from '../../src/index.ts'
import { caseOf, cases, policyOf } from './shipped.ts'

const FILE = 'somewhere/case.json'

describe.each(cases)('$id', (kept) => {
  const race = raceOfCase(FILE, kept, policyOf(kept.policy))

  it('has the violation, the workload, the bounds and the size that the case names', () => {
    expect(race).toMatchObject({
      violation: { invariant: kept.invariant, explanation: kept.explanation },
      workload: kept.workload,
      bounds: kept.bounds,
    })
    expect(sizeOf(new Worlds(race.policy, race.bounds).at(race.workload), race)).toEqual(kept.size)
  })

  it('is told with its diagram, marked at its last row', () => {
    const rows = diagramOf(race).split('\n')
    expect(rows).toHaveLength(kept.schedule.length + 2)
    expect(rows.at(-1)).toMatch(new RegExp(`  <== ${kept.invariant}$`))
    const told = tellRace(race, kept.certificate)
    expect(told).toContain(kept.explanation)
    expect(told).toContain(`${kept.certificate!.states.toLocaleString('en')} states`)
  })
})

describe('a race that can no longer be shown', () => {
  const kept = caseOf('hyperv-list')
  const said = (changed: typeof kept, policy = hypervList as typeof nativeIpi): string => {
    try {
      raceOfCase(FILE, changed, policy)
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ShootdownError)
      return (thrown as Error).message
    }
    return expect.unreachable('it was shown')
  }

  it('names the step that is not possible any more, and what tells more', () => {
    const step = { do: 'rcu T0', step: 'grace period over' }
    expect(said({ ...kept, schedule: kept.schedule.toSpliced(2, 1, step) })).toBe(
      `${FILE}: step 3 ("rcu T0: grace period over") is not possible any more; \`shootdown replay\` says how the code has changed.`,
    )
  })

  it('says so when the policy has been repaired', () => {
    const { options: _options, ...plain } = kept
    expect(said({ ...plain, schedule: kept.schedule.slice(0, 3) })).toBe(
      `${FILE}: its schedule violates nothing any more; the policy has been repaired.`,
    )
    expect(said(plain, hypervRcu as unknown as typeof nativeIpi)).toContain(FILE)
  })

  it('says so when something breaks before the end', () => {
    expect(said({ ...kept, schedule: [...kept.schedule, kept.schedule[0]] })).toContain(
      'is not possible any more',
    )
  })
})

describe('a deadlock', () => {
  const stuck = definePolicy({
    name: 'stuck',
    summary: 'Waits for what never comes',
    expected: 'broken',
    shared: { acknowledged: variable() },
    *flush(cpu) {
      yield* cpu.until(cpu.shared.acknowledged.of(), 1)
    },
  })
  const { found } = hunt(stuck, { runs: 40, bounds: { vcpus: 1 } })
  const race = found.find(({ race: { violation } }) => violation.invariant === 'flush-completes')!
  const kept = makeCase(race.race, race.certificate)

  it('is a race like any other: found, made small, kept, read, replayed and shown', () => {
    expect(kept.explanation).toMatch(/^deadlock; CPU0: wait until acknowledged/)
    expect(parseCase(FILE, JSON.stringify(kept))).toEqual(kept)
    expect(replayCase(kept, stuck)).toMatchObject({ outcome: 'reproduced', reason: kept.explanation })
    expect(tellRace(raceOfCase(FILE, kept, stuck), kept.certificate)).toContain('<== flush-completes')
  })

  it('is fixed by a policy that does not wait', () => {
    expect(replayCase(kept, { ...stuck, *flush() {} }).outcome).toBe('fixed')
  })
})
