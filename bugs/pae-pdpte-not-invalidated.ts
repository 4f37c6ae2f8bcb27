/**
 * Linux x86-32 with PAE, 3.7 to 3.9 (1de14c3c5cbc, April 2013). With PAE the four entries of the top level are held in
 * registers that only a load of CR3 replaces. A flush of a short range by INVLPG, page for page, leaves them as they
 * are: when munmap has cleared a top-level entry and frees the PMD table below it, walks still begin there. Since the
 * fix, an munmap that has cleared such an entry has everybody load CR3 anew.
 */
import { definePolicy, type Cpu, type FlushRequest } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) => {
  const flushHere = function* (cpu: Cpu, request: FlushRequest) {
    if (!broken && request.changedLevel === cpu.config.levels) yield* cpu.x86.reloadCr3()
    else yield* cpu.flushLocal(request)
  }
  return definePolicy({
    name: broken ? 'pae-pdpte-not-invalidated' : 'pae-pdpte-not-invalidated-fixed',
    summary: `IPI and INVLPG on PAE, ${broken ? 'whatever was cleared' : 'or a CR3 load if a top-level entry was cleared'}`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'hardware-walk' } : {}),
    symmetric: true,
    workload: ['munmap', 'read', 'write'],
    machine: { levels: 3, pdptes: true, preemptions: 0 },
    *flush(cpu, request) {
      yield* flushHere(cpu, request)
      yield* cpu.callFunction(request.targets, request)
    },
    flushRemote: flushHere,
  })
}

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
