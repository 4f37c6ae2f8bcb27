/** Policies that bring guest operations of their own, and name the operations and the machine that they are raced with. */
import { expect, it } from 'vitest'
import { hunt } from '../../src/hunt/hunt.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { boundsFor, machineFor, tellBounds } from '../../src/scenario/bounds.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { operationDomain } from '../../src/scenario/workload.ts'
import { verify } from '../../src/verify/verify.ts'

/** An munmap of one page that frees its table whatever else is in it. */
const hasty = definePolicy({
  name: 'hasty',
  summary: 'Frees the page and its table before anybody has flushed.',
  expected: 'broken',
  symmetric: true,
  operations: {
    zap: {
      summary: 'unmap a page and free its table',
      subject: 'page',
      *run(cpu, page, space) {
        const mm = cpu.mm(space)
        yield* mm.lock()
        const frame = yield* mm.clearEntry(1, page)
        const table = yield* mm.clearEntry(2, page)
        if (frame !== 0) yield* mm.put(frame)
        if (table !== 0) yield* mm.freeTable(table)
        yield* mm.unlock()
      },
    },
  },
  workload: ['zap', 'read'],
  machine: { preemptions: 0, levels: 3 },
  *flush(cpu, request) {
    yield* cpu.callFunction(request.targets, request)
    yield* cpu.flushLocal(request)
  },
})

it('workloads consist of the operations that are named, the own one on every page', () => {
  expect(operationDomain(hasty)).toEqual([
    ...[0, 2, 3].map((page) => ({ op: 'read', page })),
    ...[0, 2, 3].map((page) => ({ op: 'zap', page })),
  ])
  const all = boundedWorkloads(hasty, 2, 2)
  expect(all.every((workload) => workload.flat().length <= 2)).toBe(true)
  expect(new Set(all.flat(2).map(({ op }) => op))).toEqual(new Set(['read', 'zap']))
})

it('the machine is the one that the policy asks for, unless bounds say otherwise', () => {
  expect(tellBounds(boundsFor(hasty))).toBe('2 vCPUs, 0 preemptions, 3-level tables, 1 speculative walk')
  expect(tellBounds(boundsFor(hasty, { levels: 2, globals: true }))).toBe(
    '2 vCPUs, 0 preemptions, 1 speculative walk, global pages',
  )
})

it('races of own operations are hunted, made minimal and verified like all others', () => {
  const { found } = hunt(hasty, { runs: 4000 })
  const walk = found.find(({ race }) => race.violation.invariant === 'hardware-walk')
  expect(walk?.race.workload).toEqual([
    [
      { op: 'zap', page: 0 },
      { op: 'read', page: 0 },
    ],
  ])
  expect(walk?.certificate?.scope).toBe('all-workloads')
  expect(verify({ policy: hasty, bounds: boundsFor(hasty), operations: 2 }).verdict).toBe('race')
})

it('an unknown operation in the workload is refused', () => {
  expect(() => definePolicy({ ...hasty, workload: ['zap', 'unzap'] })).toThrow(
    'definePolicy: "workload" names "unzap"; there are: munmap, gup_fast, read,',
  )
})

it('an operation that changes mm_cpumask and stays in its space makes flushes heed the mask', () => {
  const absent = (needs: 'cpumask' | undefined) =>
    definePolicy({
      name: 'absent',
      summary: 'A CPU takes itself out of the mask and goes on.',
      operations: {
        leave: {
          summary: 'clear the own bit of mm_cpumask',
          as: 'load',
          ...(needs === undefined ? {} : { needs }),
          *run(cpu, _page, space) {
            yield* cpu.fetchAnd(cpu.kernel.cpumask[space], ~(1 << cpu.id))
          },
        },
      },
      workload: ['munmap', 'read', 'leave'],
      machine: { preemptions: 0, speculation: 0 },
      *flush(cpu, request) {
        yield* cpu.flushLocal(request)
        yield* cpu.callFunction(request.targets, request)
      },
    })
  const verdict = (needs: 'cpumask' | undefined) =>
    verify({ policy: absent(needs), bounds: boundsFor(absent(needs)), operations: 3 })
  expect(verdict('cpumask').race?.violation.invariant).toBe('stale-translation')
  expect(verdict(undefined).verdict).toBe('safe')
  const workload = [[{ op: 'leave' }]]
  expect(machineFor(absent('cpumask'), boundsFor(absent('cpumask')), workload).spaces).toBe(1)
})

it('an operation that needs both spaces works on the other one, which nobody uses before a switch', () => {
  const poking = definePolicy({
    name: 'poking',
    summary: 'Unmaps pages of the other process and flushes nobody.',
    operations: {
      poke: {
        summary: 'unmap a page of the other process',
        subject: 'page',
        needs: 'spaces',
        *run(cpu, page, space) {
          const mm = cpu.mm(1 - space)
          const frame = yield* mm.clearEntry(1, page)
          yield* mm.flush([page])
          if (frame !== 0) yield* mm.put(frame)
        },
      },
    },
    workload: ['read', 'switch_mm', 'poke'],
    machine: { preemptions: 0, groups: [[0]] },
    *flush() {},
  })
  const bounds = boundsFor(poking)
  expect(machineFor(poking, bounds, [[{ op: 'poke', page: 0 }], []]).spaces).toBe(2)
  expect(machineFor(poking, bounds, [[{ op: 'read', page: 0 }], []]).spaces).toBe(1)
  expect(verify({ policy: poking, bounds, operations: 2 }).verdict).toBe('safe')
  const { race } = verify({ policy: poking, bounds, operations: 3 })
  expect(race?.workload.flat().map(({ op }) => op)).toEqual(
    expect.arrayContaining(['poke', 'switch_mm', 'read']),
  )
})
