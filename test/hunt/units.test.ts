/** Units of a hunt: functions of their number, whatever is done before, and together the same as in one go. */
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/engine/random.ts'
import { hunt, type Hunted } from '../../src/hunt/hunt.ts'
import { SearchPlan, searchRaces } from '../../src/hunt/search.ts'
import { HuntState, huntStateSchema } from '../../src/hunt/state.ts'
import { flushNobody, nativeIpi, staticKeyEarly } from '../../src/policies/index.ts'
import { Verified } from '../../src/verify/verified.ts'
import { verify } from '../../src/verify/verify.ts'
import { VerifyPlan } from '../../src/verify/plan.ts'
import { quiet } from '../explore/quiet.ts'
import { some } from '../thorough.ts'

const bounds = quiet({ groups: [[0]] })
const never = (): boolean => false

describe.each(some(['portfolio', 'pct', 'random'], 1))('a unit of random search, %s,', (strategy) => {
  const options = { policy: staticKeyEarly, bounds, operations: 3, runs: 4500, seed: 9, strategy }

  it('is the same alone, and behind any others in any order', () => {
    const alone = [0, 1, 2, 3, 4].map((unit) => new SearchPlan(options).run(unit, never))
    const plan = new SearchPlan(options)
    for (const unit of [4, 0, 3, 3, 1, 2]) expect(plan.run(unit, never)).toEqual(alone[unit])
    expect(alone.map(({ runs }) => runs)).toEqual([1000, 1000, 1000, 1000, 500])
    expect(plan.has(4)).toBe(true)
    expect(plan.has(5)).toBe(false)
  })

  it('differs from others', () => {
    const plan = new SearchPlan(options)
    expect(plan.run(0, never).drawn).not.toEqual(plan.run(1, never).drawn)
  })
})

it('a unit of verification is the same alone, and behind any others in any order', () => {
  const options = { policy: staticKeyEarly, bounds, operations: 1 }
  const plan = new VerifyPlan(options)
  const units = Array.from({ length: 40 }, (_, i) => i).filter((unit) => plan.has(unit))
  const random = new Random(3)
  for (let i = 0; i < 60; i++) {
    const unit = units[random.below(units.length)]
    expect(plan.run(unit, never)).toEqual(new VerifyPlan(options).run(unit, never))
  }
})

/** Runs a hunt in sessions that are stopped at random and written down in between; the tenth is let through. */
function inSessions(options: Parameters<typeof hunt>[1], policy: Parameters<typeof hunt>[0], seed: number) {
  const random = new Random(seed)
  let kept: unknown = new HuntState().write()
  for (let sessions = 1; ; sessions++) {
    let patience = sessions < 10 ? 1 + random.below(150) : Infinity
    const state = HuntState.read(huntStateSchema.parse(JSON.parse(JSON.stringify(kept))))
    let done = true
    const hunted = hunt(policy, {
      ...options,
      state,
      stop: () => (patience-- <= 0 ? ((done = false), true) : false),
      onUnit: () => (kept = state.write()),
    })
    if (done) return { hunted, sessions }
  }
}

const counted = ({ found, covered, verdict, runs, steps, witnesses, confidence, enumerated }: Hunted) => ({
  found: found.map(({ race, raw, certificate, run, foundBy }) => ({
    workload: race.workload,
    schedule: [...race.schedule],
    raw: [...raw.schedule],
    certificate,
    run,
    foundBy,
  })),
  covered,
  verdict,
  runs,
  steps,
  witnesses: [...witnesses].toSorted(),
  confidence,
  enumerated: enumerated && {
    workloads: enumerated.workloads,
    states: enumerated.states,
    transitions: enumerated.transitions,
    witnesses: enumerated.witnesses,
  },
})

describe.each(some([1, 2, 3], 1))(
  'a hunt that is interrupted again and again (%i) has the total of one that is not',
  (seed) => {
    it('where it is clean', () => {
      const options = { runs: 6500, bounds, operations: 3 }
      const { hunted, sessions } = inSessions(options, nativeIpi, seed)
      expect(sessions).toBeGreaterThan(2)
      expect(counted(hunted)).toEqual(counted(hunt(nativeIpi, options)))
    })

    it('where it finds races', () => {
      const options = {
        runs: 6500,
        bounds: { ...bounds, preemptions: 0 },
        operations: 3,
        shrinks: true,
        seed: 3,
      }
      const whole = counted(hunt(flushNobody, options))
      expect(whole.found.length).toBeGreaterThan(1)
      const { hunted } = inSessions(options, flushNobody, seed)
      // Stopped proofs are made again by the last session, which was not stopped.
      expect(counted(hunted)).toEqual(whole)
    })

    it('where a verification is', () => {
      const options = { policy: nativeIpi, bounds, operations: 2 }
      const random = new Random(seed)
      let before = new Verified()
      let last = verify({ ...options, before, stop: () => true })
      for (let i = 0; last.verdict === 'incomplete' && i < 200; i++) {
        let patience = 2 + random.below(400)
        let kept = before.write()
        last = verify({
          ...options,
          before,
          stop: () => patience-- <= 0,
          onUnit: () => (kept = before.write()),
        })
        if (last.verdict === 'incomplete') before = Verified.read(kept)
      }
      const { seconds: _s, ...expected } = verify(options)
      expect(last).toMatchObject(expected)
    })
  },
)

it('a search that is stopped within a unit counts what was run, and does not mark the unit as done', () => {
  let asked = 0
  const { searched } = searchRaces({
    policy: nativeIpi,
    bounds,
    operations: 3,
    runs: 5000,
    seed: 1,
    strategy: 'random',
    stop: () => ++asked > 30,
  })
  expect(searched.units).toBe(1)
  expect(searched.runs).toBe(30 * 40)
})
