import { describe, expect, it } from 'vitest'
import { describeDistribution, scenarios } from '../../src/arbitraries/index.ts'
import { nativeIpi, staticKey } from '../../src/index.ts'
import { plain } from './bounds.ts'

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0)

describe('the distribution of scenarios', () => {
  const bounds = { ...plain, speculation: 1 }

  it('is this one: whoever changes a generator changes this table', () => {
    expect(describeDistribution(scenarios(nativeIpi, bounds), { runs: 1000, seed: 1 }).table)
      .toMatchInlineSnapshot(`
        "1,000 scenarios, seed 1
        operations:
          collapse       107
          gup_fast       321
          lazy_tlb       219
          mprotect       348
          munmap         359
          read           323
          reclaim        361
          reuse          215
          switch_mm      218
          write          321
        operations a workload:
          2              473
          3              262
          4              265
        CPUs busy:
          1               53
          2              947
        turns:
          0              193
          1              211
          2              228
          3              124
          4              110
          5              134
        steps of all turns:
          00s            519
          10s            286
          20s            133
          30s             55
          40s              6
          50s              1
        preemptions:
          0              514
          1              486"
      `)
  })

  it('counts every scenario once, and every operation', () => {
    const { table: _, ...counted } = describeDistribution(scenarios(nativeIpi, bounds), { runs: 300 })
    for (const part of ['operationsPerWorkload', 'cpusBusy', 'turns', 'steps', 'preemptions'] as const) {
      expect(sum(counted[part]), part).toBe(300)
    }
    const operations = Object.entries(counted.operationsPerWorkload).map(
      ([many, times]) => Number(many) * times,
    )
    expect(sum(counted.operations)).toBe(operations.reduce((a, b) => a + b, 0))
    expect(JSON.parse(JSON.stringify(counted))).toEqual(counted)
  })

  it('counts the same for the same seed, and more for more CPUs', () => {
    const three = scenarios(nativeIpi, { ...bounds, vcpus: 3, pcpus: 3 }, { operations: 6, turns: 9 })
    expect(describeDistribution(three, { runs: 200, seed: 9 })).toEqual(
      describeDistribution(three, { runs: 200, seed: 9 }),
    )
    expect(Object.keys(describeDistribution(three).cpusBusy)).toEqual(['1', '2', '3'])
    expect(Object.keys(describeDistribution(three).turns)).toContain('9')
  })

  it("has the policy's own operations in it", () => {
    expect(describeDistribution(scenarios(staticKey, bounds)).operations.turn_key).toBeGreaterThan(100)
  })
})
