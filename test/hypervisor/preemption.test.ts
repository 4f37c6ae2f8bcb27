import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { inInstruction } from '../../src/machine/invalidate.ts'
import { operations, program, programs, type Drive, type Program } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { calling } from './calling.ts'

const on = (d: Drive, cpu: number): boolean => d.S[d.m.on + cpu] !== 0
const masked: Program = function* (cpu) {
  yield* cpu.cli()
  yield* cpu.access(0, 'write')
  yield* cpu.sti()
}

describe('a preemption', () => {
  it('can come before any step, with IF clear and in the middle of an access too', () => {
    const seen = { masked: 0, inside: 0, plain: 0 }
    everyState(program(masked, { machine: { preemptions: 1 } }), (d) => {
      const used = d.words('preemptions')[0]
      const running = on(d, 0) && !d.world.final()
      expect(d.can('preempt cpu0')).toBe(running && used === 0)
      if (!d.can('preempt cpu0')) return
      const off = d.S[d.m.interruptFlag] === 0
      seen.masked += off ? 1 : 0
      seen.inside += inInstruction(d.m, 0) ? 1 : 0
      seen.plain += off ? 0 : 1
    })
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0)
  })

  it('takes the vCPU off its pCPU: it neither steps nor takes interrupts until it is scheduled', () => {
    const d = programs([(cpu) => cpu.syncByIpi([1]), masked], { machine: { preemptions: 1 } })
    d.times(2, 'cpu0').go('preempt cpu1')
    expect(on(d, 1)).toBe(false)
    expect(d.names()).toEqual(['schedule cpu1 on pcpu1'])
    d.go('schedule cpu1 on pcpu1')
    expect(d.names()).toEqual(['cpu1', 'interrupt cpu1 call-function'])
  })

  it('keeps IF, and everything else that the vCPU had', () => {
    const d = program(masked, { machine: { preemptions: 1 } })
    d.times(3, 'cpu0').go('cpu0')
    const before = d.S.slice()
    d.go('preempt cpu0', 'schedule cpu0 on pcpu0')
    d.S[d.m.layout.fields.find(({ name }) => name === 'preemptions')!.at] = 0
    expect([...d.S]).toEqual([...before])
    expect(d.S[d.m.interruptFlag]).toBe(0)
  })

  it('lets the vCPU go on where it was', () => {
    const d = program(masked, { machine: { preemptions: 1 } }).go(
      'cpu0',
      'preempt cpu0',
      'schedule cpu0 on pcpu0',
    )
    d.finish(0)
    expect(d.done(0).filter((op) => op !== 'start walk' && op !== 'walk')).toEqual(['cli', 'access', 'sti'])
  })

  it('is noted when a flush reaches for a vCPU that is off its pCPU', () => {
    const reach = (...before: string[]): Drive => {
      const d = programs([(cpu) => cpu.syncByIpi([1]), masked], { machine: { preemptions: 1 } }).go(...before)
      return d.times(2, 'cpu0')
    }
    expect(reach('preempt cpu1').world.witnessed).toContain('target-preempted')
    expect(reach().world.witnessed).not.toContain('target-preempted')
  })
})

describe('the budget of preemptions', () => {
  it('is never exceeded, whatever is chosen, and every run ends', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.infiniteStream(fc.nat()), (preemptions, picks) => {
        const d = operations([[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]], {
          machine: { preemptions },
        })
        let taken = 0
        d.wander(
          (count) => picks.next().value! % count,
          (each) => {
            taken = each.words('preemptions')[0]
            expect(taken).toBeLessThanOrEqual(preemptions)
            if (taken === preemptions)
              expect(each.names().some((name) => name.startsWith('preempt'))).toBe(false)
          },
        )
        expect(d.world.final()).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('can be used up by one vCPU or by several', () => {
    const d = programs([masked, masked], { machine: { preemptions: 2 } })
    d.go('preempt cpu0', 'preempt cpu1')
    expect(d.names()).toEqual(['schedule cpu0 on pcpu0', 'schedule cpu1 on pcpu1'])
    const same = programs([masked, masked], { machine: { preemptions: 2 } })
    same.go('preempt cpu0', 'schedule cpu0 on pcpu0', 'preempt cpu0', 'schedule cpu0 on pcpu0')
    expect(same.names()).toEqual(['cpu0', 'cpu1'])
  })

  it('of nothing leaves the host no choice', () => {
    everyState(programs([masked, masked]), (d) => {
      expect(d.names().every((name) => name === 'cpu0' || name === 'cpu1')).toBe(true)
    })
  })
})

describe('a VM exit in the middle of an access', () => {
  const write: Program = (cpu) => cpu.access(0, 'write')
  const preempted = (after: number): Drive =>
    program(write, { machine: { preemptions: 1, levels: 3 } })
      .times(after, 'cpu0')
      .go('preempt cpu0', 'schedule cpu0 on pcpu0')

  it('makes it start anew: nothing that the walk had learned is used', () => {
    for (const after of [1, 2]) {
      const d = preempted(after)
      expect(inInstruction(d.m, 0)).toBe(false)
      expect([d.m.caches.pointer, d.m.caches.latch, d.m.walk].map((at) => d.S[at])).toEqual([0, 0, 0])
      d.finish(0)
      expect(d.seen.at(-1)).toMatchObject({ op: 'access', result: 0 })
    }
  })

  it('lets it begin from what the walk has left in the caches', () => {
    // One level was read: the second walk finds it in the paging-structure cache.
    expect(preempted(1).finish(0)).toBe(3)
    expect(preempted(2).finish(0)).toBe(2)
    // The walk was over: its TLB entry is there, the translation that the instruction held is not.
    const d = preempted(3)
    expect(d.S[d.m.caches.latch]).toBe(0)
    expect(d.tlb(0, 0) & VALID).toBe(VALID)
    expect(d.finish(0)).toBe(1)
  })

  it('does not let it store through a translation that was flushed meanwhile', () => {
    const d = programs([(cpu) => cpu.hypercall('flush', 0, [1]), write], { policy: calling })
    d.times(2, 'cpu1').go('cpu0', 'cpu0')
    d.S[d.entryAt(1, 0)] = 0
    d.finish(1)
    expect(d.seen.at(-1)).toMatchObject({ cpu: 1, op: 'access', result: 1 })
  })
})
