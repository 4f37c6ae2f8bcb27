/** However many workers there are, a verification and a hunt come to the same. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hunt, type Hunted } from '../../src/hunt/hunt.ts'
import { HuntState } from '../../src/hunt/state.ts'
import { withOptions } from '../../src/policies/define.ts'
import { flushNobody, hypervList, nativeIpi, staticKeyEarly } from '../../src/policies/index.ts'
import { Verified } from '../../src/verify/verified.ts'
import { verify, type Verification } from '../../src/verify/verify.ts'
import { huntInWorkers, verifyInWorkers } from '../../src/workers/in-workers.ts'
import { quiet } from '../explore/quiet.ts'
import { some, thorough } from '../thorough.ts'

const bounds = quiet({ groups: [[0]] })
const counts = thorough ? [1, 2, 3] : [2]

const plainVerification = ({ seconds: _seconds, ...rest }: Verification): unknown => rest
const plainHunt = ({ seconds: _seconds, space: _space, enumerated, ...rest }: Hunted): unknown => ({
  ...rest,
  enumerated: enumerated && plainVerification(enumerated),
})

const policies: readonly [string, AnyPolicy, number][] = [
  ['a safe policy', nativeIpi, 2],
  ['a policy with options', withOptions(hypervList, { targets: 'sparse' }), 1],
  ['a policy that is broken from the start', flushNobody, 1],
  ['a policy that is broken later on', staticKeyEarly, 1],
]

describe.each(some(policies, 1))('%s', (_name, policy, operations) => {
  it('is verified to the same counts, witnesses and races by any number', async () => {
    for (const everyInvariant of [false, true]) {
      const options = { policy, bounds, operations, everyInvariant }
      const before = new Verified()
      let units = 0
      const alone = verify({ ...options, before, onUnit: () => units++ })
      for (const workers of counts) {
        const shared = new Verified()
        let told = 0
        const many = await verifyInWorkers({ ...options, workers, before: shared, onUnit: () => told++ })
        expect(plainVerification(many)).toEqual(plainVerification(alone))
        expect(shared.write()).toEqual(before.write())
        expect(told).toBe(units)
      }
    }
  })

  it.each(thorough ? [true, false] : [true])(
    'is hunted with the same runs, witnesses and races by any number; enumeration behind it: %s',
    async (enumerates) => {
      const options = { bounds, runs: 2500, operations: 3, seed: 9, shrinks: false, estimates: false }
      const state = new HuntState()
      const alone = hunt(policy, { ...options, enumerates, state })
      for (const workers of counts) {
        const shared = new HuntState()
        const many = await huntInWorkers(policy, { ...options, enumerates, workers, state: shared })
        expect(plainHunt(many)).toEqual(plainHunt(alone))
        expect({ ...shared.write(), seconds: 0 }).toEqual({ ...state.write(), seconds: 0 })
      }
    },
  )
})

it.skipIf(!thorough)('a search that goes on behind races meets the same ones in the same runs', async () => {
  const options = { bounds, runs: 2500, operations: 2, seed: 9, enumerates: false, estimates: false }
  const met = async (workers: number): Promise<unknown> => {
    const { found, runs, steps } = await huntInWorkers(flushNobody, { ...options, workers })
    return { runs, steps, races: found.map(({ run, race, raw }) => ({ run, race, raw })) }
  }
  const alone = await met(1)
  expect(alone).toMatchObject({ runs: 2500 })
  expect(await met(2)).toEqual(alone)
})

it('sessions that are stopped and gone on with by other numbers of workers come to the same counts', async () => {
  const options = { policy: nativeIpi, bounds, operations: 2 }
  const whole = verify(options)
  let kept = new Verified().write()
  let sessions = 0
  let last: Verification | undefined
  while (last?.verdict !== 'safe') {
    const before = Verified.read(kept)
    const until = before.units + 20
    last = await verifyInWorkers({
      ...options,
      workers: 1 + (sessions++ % 3),
      before,
      stop: () => sessions < 4 && before.units >= until,
      onUnit: () => (kept = before.write()),
    })
  }
  expect(sessions).toBe(4)
  const { states, transitions, depth, workloads, witnesses } = last
  expect({ states, transitions, depth, workloads, witnesses }).toEqual({
    states: whole.states,
    transitions: whole.transitions,
    depth: whole.depth,
    workloads: whole.workloads,
    witnesses: whole.witnesses,
  })
})

it.each([0, -1, 1.5, 65, Number.NaN])('%d workers are refused', async (workers) => {
  await expect(verifyInWorkers({ policy: nativeIpi, bounds, operations: 1, workers })).rejects.toThrow(
    `workers is ${JSON.stringify(workers)}; expected a whole number from 1 to 64.`,
  )
})
