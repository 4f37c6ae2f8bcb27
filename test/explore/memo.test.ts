/** A runner remembers where transitions lead; its runs are those of a runner that remembers nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reorder } from '../../bench/calibration/reorder.ts'
import { MAX_ENABLED, type System } from '../../src/engine/system.ts'
import { feedback } from '../../src/explore/feedback.ts'
import { pct } from '../../src/explore/pct.ts'
import { portfolio } from '../../src/explore/portfolio.ts'
import { pos } from '../../src/explore/pos.ts'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { surw } from '../../src/explore/surw.ts'
import { Space } from '../../src/protocol/index.ts'
import { policies } from '../../src/policies/index.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from './quiet.ts'
import { Tiny, counters, lostUpdate, philosophers, type TinyStep } from './tiny.ts'

const on = (op: string): { op: string; page: number } => ({ op, page: 0 })

/** One run, the plain way: schedule, then what it violates. */
function plainRun(system: System, strategy: Strategy): string {
  const out = new Int32Array(MAX_ENABLED)
  const schedule: number[] = []
  system.reset()
  strategy.begin(system)
  while (system.violation === undefined && schedule.length < 4096) {
    const count = system.enabled(out)
    if (system.progress === 0) break
    schedule.push(out[strategy.choose(out, count, system)])
    system.apply(schedule.at(-1)!)
  }
  strategy.end(schedule.length)
  const stuck = system.violation === undefined && schedule.length < 4096 && !system.final()
  const { explanation } = system.violation ?? (stuck ? system.deadlock() : { explanation: 'nothing' })
  return `${schedule.join()}: ${explanation}`
}

function expectSameRuns(make: () => System, strategy: () => Strategy, runs: number): void {
  const [plain, remembered, runner] = [make(), make(), new Runner()]
  const [mine, its] = [strategy(), strategy()]
  for (let i = 0; i < runs; i++) {
    const { steps, violation } = runner.run(remembered, its)
    const told = `${runner.schedule.subarray(0, steps).join()}: ${violation?.explanation ?? 'nothing'}`
    expect(told, `run ${i}`).toBe(plainRun(plain, mine))
  }
}

/** Counts up by chance: what it counts to is seldom seen. */
function ladder(height: number): Tiny {
  const climb: TinyStep = {
    outcomes: 2,
    run: (v, picked) => (picked === 1 || ++v[0] === height ? 1 : 0),
  }
  return new Tiny({ variables: 1, threads: [[climb], [{ run: () => undefined }]] })
}

describe('the runs of a runner are those that remember nothing', () => {
  it.each([
    ['random', () => randomWalk(1)],
    ['pct', () => pct(1)],
    ['portfolio', () => portfolio(1)],
    ['pos', () => pos(1)],
    ['surw', () => surw(1)],
    ['feedback', () => feedback(1)],
  ])('under the strategy "%s", on tiny systems', (_, strategy) => {
    expectSameRuns(() => philosophers(3), strategy, 1500)
    expectSameRuns(() => counters(3, 4), strategy, 1500)
    expectSameRuns(() => ladder(40), strategy, 3000)
  })

  it('on any tiny system of random steps', () => {
    const step = fc
      .record({ at: fc.nat(1), value: fc.nat(2), kind: fc.nat(2) })
      .map(({ at, value, kind }): TinyStep => ({
        outcomes: kind === 2 ? 3 : 1,
        when: (v) => kind !== 0 || v[at] === value,
        run: (v, picked) => {
          if (kind === 1) v[at] = (v[at] + value) % 7
          if (kind === 2) v[at] = picked
        },
      }))
    const threads = fc.array(fc.array(step, { maxLength: 4 }), { minLength: 2, maxLength: 3 })
    fc.assert(
      fc.property(threads, (all) => {
        expectSameRuns(
          () => new Tiny({ variables: 2, threads: all }),
          () => randomWalk(7),
          600,
        )
      }),
      { numRuns: 25, seed: 9 },
    )
  })

  const busy: Workload = [
    [on('munmap'), on('read')],
    [on('gup_fast'), on('write')],
  ]
  const machine = (name: string): System =>
    new Worlds(
      policies.find((each) => each.name === name)!,
      quiet({ speculation: 1, eviction: true }),
    ).at(busy)

  it.each([
    ['pos', pos],
    ['surw', surw],
    ['feedback', feedback],
  ])('under "%s", which asks what transitions touch, on a protocol and on a machine', (_, strategy) => {
    expectSameRuns(
      () => new Space(reorder(4).build()),
      () => strategy(1),
      1500,
    )
    expectSameRuns(
      () => machine('hyperv-list'),
      () => strategy(1),
      1000,
    )
  })

  it.each(['hyperv-list', 'xen-rcu', 'static-key', 'native-ipi'])('on a machine under %s', (name) => {
    expectSameRuns(
      () => machine(name),
      () => portfolio(3),
      1000,
    )
  })

  it('where one runner runs several workloads of one world in turn', () => {
    const policy = policies.find((each) => each.name === 'native-ipi')!
    const [plain, remembered, runner] = [
      new Worlds(policy, quiet()),
      new Worlds(policy, quiet()),
      new Runner(),
    ]
    const [mine, its] = [randomWalk(4), randomWalk(4)]
    for (const op of ['read', 'write', 'gup_fast', 'read']) {
      const workload = [[on('munmap')], [on(op)]]
      const [here, there] = [plain.at(workload), remembered.at(workload)]
      for (let i = 0; i < 700; i++) {
        const { steps, violation } = runner.run(there, its)
        const told = `${runner.schedule.subarray(0, steps).join()}: ${violation?.explanation ?? 'nothing'}`
        expect(told, `${op}, run ${i}`).toBe(plainRun(here, mine))
      }
    }
  })

  it('after a run that met a value nobody had seen, and then a violation', () => {
    expectSameRuns(lostUpdate, () => randomWalk(1), 1500)
  })

  it('on a machine under free-before-ack, which violates much', () => {
    expectSameRuns(
      () => machine('free-before-ack'),
      () => portfolio(3),
      1500,
    )
  })
})
