/** Where the code asks for something else than a case says: the replay ends there, and says which step and why. */
import { describe, expect, it } from 'vitest'
import { definePolicy, hypervList, nativeIpi, replayCase, variable, type Case } from '../../src/index.ts'
import { caseOf } from './shipped.ts'

const kept = caseOf('hyperv-list')
const length = kept.schedule.length
const { options: _options, ...plain } = kept
type Entry = Case['schedule'][number]

/** The case with one entry of its schedule (counted from 1) turned into others. */
const withEntry = (step: number, ...entries: Entry[]): Case => ({
  ...kept,
  schedule: kept.schedule.toSpliced(step - 1, 1, ...entries),
})
const diverged = (changed: Case): { step: number; reason: string } => {
  const { outcome, step, reason } = replayCase(changed, hypervList)
  expect({ outcome, reason }).toMatchObject({ outcome: 'diverged' })
  return { step, reason }
}

/** hyperv-list under another name, with some of its parts done otherwise. */
const like = (parts: object): typeof hypervList =>
  definePolicy({ ...hypervList, shared: { x: variable() }, name: 'another', ...parts })

describe('a replay diverges', () => {
  it('at a transition that there is none of', () => {
    expect(diverged(withEntry(3, { do: 'rcu T0', step: 'grace period over: free T0' }))).toEqual({
      step: 3,
      reason: 'at step 3 the case says "rcu T0", which is not possible here',
    })
    expect(diverged(withEntry(1, { do: 'schedule cpu0 on pcpu1', step: 'schedule' })).step).toBe(1)
    expect(diverged(withEntry(1, { do: '', step: '' })).step).toBe(1)
  })

  it('where a CPU has nothing left to do', () => {
    const idle = { ...kept, workload: [kept.workload[0], []] }
    expect(diverged(idle)).toEqual({
      step: 1,
      reason: `at step 1 the case says "cpu1: ${kept.schedule[0].step}", but CPU1 has nothing left to do`,
    })
  })

  it('where the code asks for another step', () => {
    const { do: name, step } = kept.schedule[1]
    expect(diverged(withEntry(2, { do: name, step: 'read PUD[7] in PUD' }))).toEqual({
      step: 2,
      reason: `at step 2 the case says "${name}: read PUD[7] in PUD", but the code asked for "${step}"`,
    })
  })

  it('where another invariant breaks', () => {
    expect(diverged({ ...kept, invariant: 'frame-lifetime' })).toEqual({
      step: length,
      reason: `at step ${length} another invariant breaks, ${kept.invariant}: ${kept.explanation}`,
    })
  })

  it('where nobody can go on after the schedule, and says who waits for what', () => {
    const stuck = like({
      *flush(cpu: Parameters<typeof hypervList.flush>[0]) {
        yield* cpu.until((cpu.shared as Record<string, { of(): never }>).x.of(), 1)
      },
    })
    const { outcome, step, reason } = replayCase(plain, stuck)
    expect({ outcome, step }).toEqual({ outcome: 'diverged', step: length })
    expect(reason).toMatch(new RegExp(`^after step ${length} nobody can go on: deadlock; CPU0: wait until x`))
    expect(reason).not.toContain('CPU1')
    expect(replayCase({ ...plain, invariant: 'flush-completes' }, stuck)).toMatchObject({
      outcome: 'reproduced',
      reason: expect.stringMatching(/^deadlock; CPU0: wait until x/),
    })
  })

  it('where the policy never lets the workload go on', () => {
    const endless = like({
      *gather(cpu: Parameters<typeof hypervList.flush>[0]) {
        for (let i = 0; i < 1500; i++)
          yield* cpu.store((cpu.shared as Record<string, { of(): never }>).x.of(), i % 2)
      },
    })
    expect(replayCase(plain, endless)).toMatchObject({
      outcome: 'diverged',
      step: 3,
      reason: `at step 3 "cpu0" asks for more than 1000 steps of the policy before "${kept.schedule[2].step}"`,
    })
  })
})

describe('a replay goes on', () => {
  it('where the policy puts steps in before the next one of the workload', () => {
    const busier = like({
      *gather(cpu: Parameters<typeof hypervList.flush>[0]) {
        for (let i = 0; i < 5; i++)
          yield* cpu.store((cpu.shared as Record<string, { of(): never }>).x.of(), 1)
      },
    })
    const { outcome, rows } = replayCase(plain, busier)
    expect(outcome).toBe('reproduced')
    expect(rows).toHaveLength(length + 5)
  })

  it('where the policy does less than it did', () => {
    const { outcome, rows } = replayCase(plain, like({ *flush() {} }))
    expect(outcome).toBe('reproduced')
    expect(rows.length).toBeLessThan(length)
  })

  it('where the policy waits: what it waits for is done when the schedule is over', () => {
    const { outcome, rows } = replayCase(plain, nativeIpi)
    expect(outcome).toBe('fixed')
    expect(rows.some(({ main }) => main.role === 'interrupt')).toBe(true)
  })

  it('where a broken policy only asks for one step more behind the last one of the workload: it is called fixed, since the policy gets as many turns as it had', () => {
    const busier = like({
      *flush(cpu: Parameters<typeof hypervList.flush>[0], request: Parameters<typeof hypervList.flush>[1]) {
        yield* cpu.store((cpu.shared as Record<string, { of(): never }>).x.of(), 1)
        yield* hypervList.flush(cpu, request, 0)
      },
    })
    expect(replayCase(plain, busier).outcome).not.toBe('fixed')
  })
})

describe('a replay is refused', () => {
  it('for an operation that the policy does not have, which is named with those it has', () => {
    expect(() => replayCase({ ...kept, workload: [[{ op: 'turn_key' }], []] }, hypervList)).toThrow(
      new RegExp(
        `^${kept.id}: operation "turn_key" is not known to policy "hyperv-list"; known: munmap, gup_fast, `,
      ),
    )
  })

  it.each([
    [{ op: 'munmap', page: 9 }, /operation "munmap" has page 9; expected one of 0, 2, 3/],
    [{ op: 'munmap' }, /operation "munmap" has page missing; expected one of 0, 2, 3/],
    [{ op: 'reuse', page: 0 }, /operation "reuse" takes no page, but has page 0/],
    [
      { op: 'collapse', page: 3 },
      /operation "collapse" has page 3; expected the first page of a fully mapped table/,
    ],
    [
      { op: 'collapse', page: 0 },
      /operation "collapse" has page 0; expected the first page of a fully mapped table/,
    ],
  ])('for a page that the operation cannot be about: %j', (operation, sentence) => {
    expect(() => replayCase({ ...kept, workload: [[operation], []] }, hypervList)).toThrow(sentence)
  })

  it('for options that the policy does not take', () => {
    expect(() => replayCase({ ...kept, options: { targets: 'all' } }, hypervList)).toThrow(
      /Option "targets" of policy "hyperv-list"/,
    )
  })
})
