/** What a flush tells a policy of the levels that changed, and what a policy does on the CPUs that it interrupts. */
import { expect, it } from 'vitest'
import { experiment, variable } from '../../src/experiment/index.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { guestOperations } from '../../src/guest/operations/index.ts'
import type { FlushRequest } from '../../src/guest/request.ts'
import type { Code } from '../../src/engine/step.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { nativeIpi } from '../../src/policies/native-ipi.ts'

const recorder = definePolicy({
  name: 'recorder',
  summary: 'Writes down which level changed.',
  shared: { changed: variable({ max: 63 }) },
  *flush(cpu, request) {
    const before = yield* cpu.load(cpu.shared.changed.of())
    yield* cpu.store(cpu.shared.changed.of(), before * 4 + request.changedLevel)
  },
})

/** The levels that the flushes of some operations name, in order, as digits of a number to base 4. */
const levelsOf = (...operations: readonly (readonly [string, number])[]): string => {
  const { outcomes } = experiment({
    machine: { pages: [2, 3], levels: 3 },
    policy: recorder,
    cpus: [
      function* (cpu, _words, kernel) {
        for (const [op, page] of operations) yield* guestOperations[op].code(kernel, page, 0)
        return yield* cpu.load((kernel as Cpu<{ changed: { of(): never } }>).shared.changed.of())
      },
    ],
  })
  return outcomes.map(([n]) => n.toString(4)).join(' ')
}

it('built-in operations say which level they have changed at most', () => {
  expect(levelsOf(['mprotect', 2])).toBe('1')
  expect(levelsOf(['munmap', 2], ['munmap', 3])).toBe('13')
  expect(levelsOf(['reclaim', 2], ['reclaim', 3])).toBe('112')
  expect(levelsOf(['collapse', 2])).toBe('2')
})

/** Violations where CPU1 uses a page that CPU0 unmaps. */
const violated = (flushRemote?: (cpu: Cpu, request: FlushRequest) => Code): string[] => {
  const { violations } = experiment({
    policy: { ...nativeIpi, ...(flushRemote === undefined ? {} : { flushRemote }) },
    cpus: [
      function* (_cpu, _words, kernel) {
        yield* guestOperations.munmap.code(kernel, 0, 0)
      },
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.read(0)
      },
    ],
  })
  return [...violations.keys()]
}

it('CPUs that are interrupted drop the pages, or do what the policy says instead', () => {
  expect(violated()).toEqual([])
  expect(
    violated(function* (cpu) {
      yield* cpu.x86.reloadCr3()
    }),
  ).toEqual([])
  expect(violated(function* () {})).toContain('frame-lifetime')
})

it('what they are asked for is what the flush was asked for', () => {
  const seen: FlushRequest[] = []
  violated(function* (cpu, request) {
    seen.push(request)
    yield* cpu.flushLocal(request)
  })
  expect(seen.length).toBeGreaterThan(0)
  expect(new Set(seen.map(({ changedLevel }) => changedLevel))).toEqual(new Set([2]))
})
