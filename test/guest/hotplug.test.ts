/** CPUs that the kernel takes offline and brings up, against flushes that must see the online mask. */
import { describe, expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import type { Program } from '../../src/experiment/options.ts'
import { munmap } from '../../src/guest/operations/munmap.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { nativeIpi, nativeRcu } from '../../src/policies/index.ts'
import { variable } from '../../src/machine/word.ts'

type Some = Program<{ unused: ReturnType<typeof variable> }>

/** Is away for a while, if it may; otherwise it says so. */
const leaves: Some = function* (_cpu, _words, kernel) {
  return (yield* kernel.goOffline()) ? 1 : 2
}
const unmaps: Some = function* (_cpu, _words, kernel) {
  yield* munmap(kernel, 0, 0)
}
const reads: Some = function* (cpu) {
  yield* cpu.read(0)
}

const run = (policy: AnyPolicy, cpus: readonly Some[], machine = {}) =>
  experiment({ policy, machine: { hotplug: 1, ...machine }, words: { unused: variable() }, cpus })

describe('a CPU that goes offline', () => {
  it('is brought up by another, and says whether it was away', () => {
    const { outcomes, deadlocks } = run(nativeIpi, [
      leaves,
      function* (_cpu, _words, kernel) {
        yield* kernel.until(kernel.kernel.online, 0b10)
        yield* kernel.bringUp(0)
        return 1
      },
    ])
    expect(outcomes).toEqual([[1, 1]])
    expect(deadlocks).toEqual([])
  })

  it('does so no more often than the bound says', () => {
    const twice: Some = function* (cpu, words, kernel) {
      const first = yield* leaves(cpu, words, kernel)
      return (first as number) * 4 + ((yield* leaves(cpu, words, kernel)) as number)
    }
    const { outcomes } = run(nativeIpi, [
      twice,
      function* (_cpu, _words, kernel) {
        yield* kernel.until(kernel.kernel.online, 0b10)
        yield* kernel.bringUp(0)
      },
    ])
    expect(outcomes).toEqual([[1 * 4 + 2, 0]])
  })

  it('is left out of flushes, and holds no grace period off', () => {
    for (const policy of [nativeIpi, nativeRcu]) {
      const { deadlocks, violations, outcomes } = run(policy, [leaves, unmaps])
      expect(deadlocks).toEqual([])
      expect([...violations.keys()]).toEqual([])
      expect(outcomes).toEqual([[0, 0]])
    }
    const { deadlocks } = run(nativeIpi, [
      leaves,
      function* (_cpu, _words, kernel) {
        yield* kernel.until(kernel.kernel.online, 0b10)
        yield* kernel.synchronizeRcu()
      },
    ])
    expect(deadlocks).toEqual([])
  })

  it('makes a policy wait for ever that does not look at the mask', () => {
    const blind: AnyPolicy = {
      name: 'blind',
      summary: 'Rings every CPU and waits for each, online or not',
      shared: { asked: variable() },
      *flush(cpu, { pages }) {
        yield* cpu.invlpg(pages)
        for (const other of cpu.others()) {
          yield* cpu.store(cpu.shared.asked.of(), 1)
          yield* cpu.sendIpi(other, 'flush')
          yield* cpu.until(cpu.shared.asked.of(), 0)
        }
      },
      interrupts: {
        *flush(cpu) {
          yield* cpu.invlpg(1)
          yield* cpu.store(cpu.shared.asked.of(), 0)
        },
      },
    }
    const { deadlocks, outcomes } = run(blind, [leaves, unmaps])
    expect(deadlocks.length).toBeGreaterThan(0)
    expect(outcomes.length).toBeGreaterThan(0)
  })

  it('uses no old translation when it is back, whatever it speculates on the way', () => {
    const cycle: readonly Some[] = [
      function* (cpu, words, kernel) {
        yield* cpu.read(0)
        yield* leaves(cpu, words, kernel)
        return (yield* cpu.read(0)).fault ? 1 : 0
      },
      function* (cpu, words, kernel) {
        yield* unmaps(cpu, words, kernel)
        yield* kernel.bringUp(0)
      },
    ]
    const { violations, deadlocks, outcomes } = run(nativeIpi, cycle, { speculation: 1 })
    expect([...violations.keys()]).toEqual([])
    expect(deadlocks).toEqual([])
    expect(outcomes.map(([back]) => back)).toEqual([0, 1])
  })
})

describe('without the feature', () => {
  it('there is no mask, and nobody goes offline', () => {
    const sentence = 'cpu_online_mask is not there: the machine\'s feature "hotplug" is off.'
    expect(() =>
      experiment({ policy: nativeIpi, words: { unused: variable() }, cpus: [leaves, reads] }),
    ).toThrow(sentence)
  })
})
