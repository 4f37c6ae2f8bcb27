/** The scope of a flush by the host: how it is told, what it is not given, and who else can ask for one. */
import { describe, expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { encodeScope, tellScope } from '../../src/hypervisor/flush-scope.ts'
import { cpusOf, encodeInput, inputOf } from '../../src/hypervisor/hypercall.ts'
import type { HypercallInput } from '../../src/hypervisor/hypercall.ts'
import type { HostProgram } from '../../src/experiment/options.ts'
import type { SharedDeclaration } from '../../src/machine/word.ts'

type Flush = HostProgram<Record<string, SharedDeclaration>>
const called = (flush: Flush, input: HypercallInput = {}, machine = {}) =>
  experiment({
    machine: { spare: 1, ...machine },
    words: {},
    hypercalls: { flush },
    *setup(cpu) {
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* cpu.map(0, cpu.spare())
        const result = yield* kernel.hypercall('flush', 1, [0], input)
        return [result, (yield* cpu.read(0)).frame === cpu.frame(0)]
      },
    ],
  })

it.each([
  [{}, ''],
  [{ space: 1 }, ' of mm1'],
  [{ keepGlobal: true }, ' but global'],
  [{ space: 0, keepGlobal: true }, ' of mm0 but global'],
])('%j is told as "%s"', (scope, told) => {
  expect(tellScope(encodeScope(scope))).toBe(told)
})

it('what a guest says reaches the host', () => {
  const encoded = encodeInput([0, 3, 5], { flags: 9, space: 1 })
  expect([cpusOf(encoded), inputOf(encoded)]).toEqual([0b101001, { flags: 9, space: 1 }])
  expect(inputOf(encodeInput([], {}))).toEqual({ flags: 0 })
  const { outcomes } = called(
    function* (host, pages, cpus, { flags = 0, space = 0 }) {
      yield* host.flushVcpu(cpus[0], pages)
      return flags * 10 + space
    },
    { flags: 5, space: 1 },
    { spaces: 2 },
  )
  expect(outcomes).toEqual([[51, 0]])
})

describe('it is refused', () => {
  const nothing: Flush = function* () {}
  it('for flags and address spaces that there are not', () => {
    expect(() => called(nothing, { flags: 16 })).toThrow('flags of hypercall is 16; expected 0 to 15.')
    expect(() => called(nothing, { space: 1 })).toThrow('space of hypercall is 1; expected 0 to 0.')
    expect(() => called((host) => host.flushVcpu(0, 0, { space: 1 }))).toThrow(
      'space of flushVcpu is 1; expected 0 to 0.',
    )
  })
})

it('host code enters its guest under another ASID by itself', () => {
  const entered = (tlbControl: number) =>
    called((host) => host.svm.vmrun({ asid: 1, tlbControl }), {}, { svm: true, vpids: 1 }).outcomes
  expect(entered(0)).toEqual([[0, 1]])
  expect(entered(3)).toEqual([[0, 0]])
})

it('host code resolves an EPT violation, or gives up', () => {
  const violating = (resolves: boolean) =>
    experiment({
      machine: { ept: 1 },
      *onEptViolation(host, frame) {
        if (!resolves) return 1
        yield* host.vmx.setEpt(frame, frame, 7)
        return 0
      },
      cpus: [
        function* (cpu) {
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), 0)
          return (yield* cpu.read(0)).fault
        },
      ],
    }).outcomes
  expect(violating(true)).toEqual([[0]])
  expect(violating(false)).toEqual([[1]])
})
