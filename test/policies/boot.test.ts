/** What a policy does when CPUs come up, and the machine that it asks for. */
import { expect, it } from 'vitest'
import { variable } from '../../src/experiment/index.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { boundsFor, tellBounds } from '../../src/scenario/bounds.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { verify } from '../../src/verify/verify.ts'

const counting = (at: 'counts' | 'idles' | 'waits') =>
  definePolicy({
    name: 'counting',
    summary: 'Counts the CPUs that have come up.',
    shared: { up: variable({ max: 7, initial: 1 }) },
    machine: { vcpus: 3, groups: [[2, 3]], preemptions: 0 },
    workload: ['read'],
    *boot(cpu) {
      if (at === 'counts') yield* cpu.fetchAdd(cpu.shared.up.of(), 1)
      if (at === 'waits') yield* cpu.until(cpu.shared.up.of(), 7)
    },
    *flush() {},
    invariants: [
      {
        name: 'all-up',
        sentence: 'All CPUs have come up before anybody moves.',
        holds: ({ up }, read) => read(up.of()) === 4,
      },
    ],
  })

it('every CPU boots once, after variables have got their values and before anybody moves', () => {
  const policy = counting('counts')
  expect(verify({ policy, bounds: boundsFor(policy), operations: 2 }).verdict).toBe('safe')
  const idle = counting('idles')
  const { race } = verify({ policy: idle, bounds: boundsFor(idle), operations: 1 })
  expect(race?.violation.invariant).toBe('all-up')
})

it('a boot that waits is refused', () => {
  const policy = counting('waits')
  expect(() => new Worlds(policy, boundsFor(policy)).at([[{ op: 'read', page: 2 }]])).toThrow(
    'boot waits for somebody else, but it runs alone before anybody moves.',
  )
})

it('a policy can ask for CPUs and pages, and bounds can say otherwise', () => {
  const policy = counting('idles')
  expect(boundsFor(policy).groups).toEqual([[2, 3]])
  expect(tellBounds(boundsFor(policy))).toBe('3 vCPUs, 0 preemptions, 1 speculative walk')
  expect(tellBounds(boundsFor(policy, { vcpus: 1 }))).toBe('1 vCPU, 0 preemptions, 1 speculative walk')
})

it('what happens while CPUs boot is no witness of danger', () => {
  const policy = definePolicy({
    name: 'tidy',
    summary: 'Gives a page back before anybody moves.',
    *boot(cpu) {
      const frame = yield* cpu.mm(0).clearEntry(1, 0)
      if (frame !== 0) yield* cpu.mm(0).put(frame)
    },
    *flush() {},
    workload: ['read'],
    machine: { preemptions: 0, speculation: 0 },
  })
  const { verdict, witnesses, states } = verify({ policy, bounds: boundsFor(policy), operations: 1 })
  expect(verdict).toBe('safe')
  expect(states).toBeGreaterThan(6)
  expect(witnesses).toEqual([])
})
