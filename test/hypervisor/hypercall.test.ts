import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { variable } from '../../src/machine/word.ts'
import { program, programs, type Drive, type Program } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { calling } from './calling.ts'

const result = (name: string, cpus: readonly number[]): Program =>
  function* (cpu) {
    yield* cpu.store(cpu.shared.seen.of(cpu.id), yield* cpu.hypercall(name, 0, cpus))
  }
const seen = (d: Drive): number[] => d.words('seen')

describe('a hypercall', () => {
  it('hands back the result of the host', () => {
    const d = programs([result('who', []), result('who', [])], { policy: calling })
    d.finish(0)
    d.finish(1)
    expect(seen(d)).toEqual([10, 11])
  })

  it('without a result hands back 0', () => {
    const d = program(
      function* (cpu) {
        yield* cpu.store(cpu.shared.seen.of(0), 5)
        yield* result('nothing', [])(cpu)
      },
      { policy: calling },
    )
    d.finish(0)
    expect(seen(d)).toEqual([0])
  })

  it('knows who runs and who does not', () => {
    const d = (): Drive =>
      programs(
        [
          result('running', [1]),
          function* (cpu) {
            yield* cpu.sti()
          },
        ],
        { policy: calling, machine: { preemptions: 1 } },
      )
    const running = d()
    running.finish(0)
    expect(seen(running)[0]).toBe(1)
    const preempted = d().go('preempt cpu1')
    preempted.finish(0)
    expect(seen(preempted)[0]).toBe(0)
  })

  it('takes its caller out of guest mode: no interrupt, no preemption, no speculation until it returns', () => {
    const inHost = { states: 0, pending: 0 }
    const d = programs([result('slow', []), (cpu) => cpu.sendIpi(0, 'call-function')], {
      policy: calling,
      machine: { preemptions: 1, speculation: 1 },
    })
    const at = d.m.layout.fields.find(({ name }) => name === 'control')!.at + 2 * d.m.config.vcpus
    everyState(d, () => {
      if (d.S[at] === 0) return
      inHost.states++
      inHost.pending += d.S[d.m.pending] !== 0 ? 1 : 0
      const own = d.names().filter((name) => name.includes('cpu0') && name !== 'cpu0')
      expect(own).toEqual([])
    })
    expect(inHost.states).toBeGreaterThan(0)
    expect(inHost.pending).toBeGreaterThan(0)
  })

  it('discards what its caller speculates', () => {
    const d = program(result('slow', []), { policy: calling, machine: { speculation: 1, pages: [2] } })
    d.go('speculate cpu0 page 2', 'cpu0')
    expect(
      [d.m.speculation, d.m.caches.speculationPointer, d.m.speculationPage].map((at) => d.S[at]),
    ).toEqual([0, 0, 0])
  })

  it('that the policy does not declare is named, with those that it does', () => {
    expect(() => program((cpu) => cpu.hypercall('HvFlush', 0, []), { policy: calling })).toThrow(
      'no hypercall named "HvFlush"; the policy declares: flag, flush, kick',
    )
  })
})

describe('without VPID', () => {
  const code: Program = function* (cpu) {
    yield* cpu.access(0, 'read')
    yield* cpu.sti()
    yield* cpu.hypercall('nothing', 0, [])
    yield* cpu.sti()
  }
  const filled = (vpid: boolean): Drive =>
    program(code, { policy: calling, machine: { vpid, preemptions: 1 } }).until(0, 'access')
  const cached = (d: Drive): boolean => ((d.tlb(0, 0) | d.structure(0, 1, 0)) & VALID) !== 0

  it.each([true, false])('a preemption drops all translations, with it (%s) they stay', (vpid) => {
    const d = filled(vpid)
    expect(cached(d)).toBe(true)
    d.go('preempt cpu0', 'schedule cpu0 on pcpu0')
    expect(cached(d)).toBe(vpid)
  })

  it.each([true, false])('a hypercall drops all translations, with it (%s) they stay', (vpid) => {
    const d = filled(vpid).until(0, 'hypercall')
    expect(cached(d)).toBe(vpid)
  })

  it('a kick drops them too', () => {
    const d = programs([(cpu) => cpu.hypercall('kick', 0, [1]), code], {
      policy: calling,
      machine: { vpid: false },
    })
    d.until(1, 'access').times(2, 'cpu0')
    expect(d.tlb(1, 0) & VALID).toBe(VALID)
    d.go('exit cpu1')
    expect(d.tlb(1, 0)).toBe(0)
  })
})

describe('the hooks of a policy', () => {
  const hooked = definePolicy({
    name: 'hooked',
    summary: 'Counts entries and exits',
    shared: { exits: variable({ max: 7 }), entries: variable({ max: 7 }) },
    *flush() {},
    *onVcpuExit(host) {
      yield* host.store(host.shared.exits.of(), 1 + (yield* host.load(host.shared.exits.of())))
    },
    *onVcpuEntry(host) {
      yield* host.store(host.shared.entries.of(), 1 + (yield* host.load(host.shared.entries.of())))
    },
  })
  const d = (): Drive =>
    program(
      function* (cpu) {
        yield* cpu.sti()
        yield* cpu.sti()
      },
      { policy: hooked, machine: { preemptions: 2 } },
    )

  it('run after an exit and before an entry, step by step, and the guest waits for them', () => {
    const run = d().go('cpu0', 'preempt cpu0')
    expect(run.names()).toEqual(['cpu0'])
    run.times(2, 'cpu0')
    expect([run.words('exits'), run.words('entries')]).toEqual([[1], [0]])
    expect(run.names()).toEqual(['schedule cpu0 on pcpu0'])
    run.go('schedule cpu0 on pcpu0').times(2, 'cpu0')
    expect([run.words('exits'), run.words('entries')]).toEqual([[1], [1]])
    expect(run.done(0).filter((op) => op === 'sti')).toHaveLength(1)
    run.finish(0)
    expect(run.done(0).filter((op) => op === 'sti')).toHaveLength(2)
  })

  it('cannot be preempted or interrupted themselves', () => {
    const run = d().go('preempt cpu0', 'cpu0', 'cpu0', 'schedule cpu0 on pcpu0')
    expect(run.names()).toEqual(['cpu0'])
    run.go('cpu0')
    expect(run.names()).toEqual(['cpu0'])
  })
})
