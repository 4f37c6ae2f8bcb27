/** Seeded policies: the lasso of each, line by line, is the smallest there is; their repaired twins are sound and live. */
import { describe, expect, it } from 'vitest'
import { makeCase } from '../../src/corpus/case.ts'
import { raceOfCase } from '../../src/corpus/race.ts'
import { replayCase } from '../../src/corpus/replay.ts'
import { explainAndGeneralize } from '../../src/explain/explain.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { certifyLivelock } from '../../src/liveness/certify.ts'
import { liveness, tellLiveness, type Liveness } from '../../src/liveness/liveness.ts'
import { diagramOf, tellRace } from '../../src/report/race.ts'
import { boundsFor, type Bounds } from '../../src/scenario/bounds.ts'
import { verify } from '../../src/verify/verify.ts'
import { some } from '../thorough.ts'
import { seeds } from './policies/index.ts'

const found = new Map<AnyPolicy, Liveness>()
const ask = (policy: AnyPolicy, given: Partial<Bounds> = {}): Liveness =>
  liveness({ policy, bounds: boundsFor(policy, given), operations: 2 })
/** What is found in a policy, looked for once. */
function livenessOf(policy: AnyPolicy): Liveness {
  const known = found.get(policy) ?? ask(policy)
  found.set(policy, known)
  return known
}

describe.each(seeds)('$name', ({ verdict, broken, fixed }) => {
  it(`is found, as a ${verdict} with a proof that there is none smaller`, async () => {
    const { verdict: met, race, certificate } = livenessOf(broken)
    expect(met).toBe(verdict)
    expect(certificate?.scope).toBe('all-workloads')
    await expect(`${tellRace(race!, certificate)}\n`).toMatchFileSnapshot(`golden/${broken.name}.txt`)
  })

  it('is live and sound once it is repaired', () => {
    expect(livenessOf(fixed)).toMatchObject({ verdict: 'live', race: undefined, certificate: undefined })
    expect(verify({ policy: fixed, bounds: boundsFor(fixed), operations: 2 }).verdict).toBe('safe')
  })

  it('is kept as a case that says the same, reproduced in the broken policy and fixed in the other', () => {
    const { race, certificate } = livenessOf(broken)
    const kept = makeCase(race!, certificate)
    expect(kept.cycle).toBe(race!.cycle)
    const { outcome, step, reason } = replayCase(kept, broken)
    expect([outcome, step, reason]).toEqual(['reproduced', kept.schedule.length, kept.explanation])
    expect(replayCase(kept, fixed).outcome).toBe('fixed')
    const again = raceOfCase('test', kept, broken)
    expect(again).toEqual(race)
    expect(diagramOf(again)).toBe(diagramOf(race!))
  })
})

it('a run that never ends is not explained, for what is wrong with it is no step of it', () => {
  const reason = { notEstablished: 'this run never ends' }
  const endless = seeds.map(({ broken }) => livenessOf(broken).race!).find(({ cycle }) => cycle !== undefined)
  expect(explainAndGeneralize(endless!)).toEqual({
    explained: { marks: reason, edges: reason },
    generalized: reason,
  })
})

describe('a policy that is not live', () => {
  const livelocks = seeds.filter(({ verdict }) => verdict === 'livelock')

  it.each(some(livelocks, 2))('has the same smallest race where others are found: $name', ({ broken }) => {
    const { race, certificate } = livenessOf(broken)
    expect(certifyLivelock(race!)).toEqual({ race, certificate })
    // On a machine with a preemption more, the host's doings make nothing smaller.
    const wider = certifyLivelock({ ...race!, bounds: { ...race!.bounds, preemptions: 1 } })
    expect([...wider!.race.schedule]).toEqual([...race!.schedule])
  })

  it('has no violation that a search for states alone would see, if it polls', () => {
    for (const { broken } of livelocks)
      expect(verify({ policy: broken, bounds: boundsFor(broken), operations: 2 }).verdict).toBe('safe')
  })

  it('is not called minimal where that was not shown', () => {
    const { broken } = seeds[1]
    const options = { policy: broken, bounds: boundsFor(broken), operations: 2 }
    const { verdict, race, certificate } = liveness({ ...options, maxNodes: 0 })
    expect([verdict, certificate]).toEqual(['livelock', undefined])
    expect(tellRace(race!, certificate)).toContain('only locally minimal')
    expect(replayCase(makeCase(race!, certificate), broken).outcome).toBe('reproduced')
  })

  it('says nothing where its graphs are too large', () => {
    const { broken } = seeds[1]
    const options = { policy: broken, bounds: boundsFor(broken), operations: 2 }
    const small = liveness({ ...options, maxStates: 10 })
    expect(small).toMatchObject({ verdict: 'not established', race: undefined })
    expect(small.givenUp).toBe(small.workloads)
    expect(small.states).toBeGreaterThanOrEqual(small.workloads)
    expect(tellLiveness(broken, small)).toMatch(
      /liveness not established within up to 2 operations, .*: (\d+) of \1 workloads given up after \1 workloads, [\d,]+ states,/,
    )
    const ended = liveness({ ...options, stop: () => true })
    expect(ended).toMatchObject({ verdict: 'not established', workloads: 0, givenUp: 0 })
    expect(tellLiveness(broken, ended)).toContain(': ended early after 0 workloads, 0 states')
  })
})
