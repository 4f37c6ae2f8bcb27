/**
 * Intel Alder Lake, Raptor Lake and Gracemont; Linux works around it since May 2023 (ce0b15d11ad8, 6.4). INVLPG has to
 * drop a global translation of its address whatever the PCID is. On these CPUs it does not while PCIDs are switched on,
 * so kernel mappings that were taken down stay usable. The workaround is to leave CR4.PCIDE clear, unless the
 * microcode is new enough.
 */
import { A, G, P, PCIDE, RW, definePolicy, entry } from '../src/index.ts'
import { vunmap } from './parts/vunmap.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'global-invlpg-pcid' : 'global-invlpg-pcid-fixed',
    summary: `Kernel pages are flushed by INVLPG, on a CPU with the erratum, with PCIDs ${broken ? 'on' : 'off'}`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime' } : {}),
    symmetric: true,
    workload: ['vunmap', 'kernel_read'],
    machine: {
      vcpus: 1,
      preemptions: 0,
      pcids: 1,
      globals: true,
      protection: true,
      invlpgMissesGlobals: true,
    },
    *boot(cpu) {
      if (!broken) yield* cpu.x86.writeControls(0, PCIDE)
      for (const page of cpu.config.pages)
        yield* cpu.x86.setEntry(1, page, entry(cpu.x86.frame(page), P | RW | A | G))
    },
    operations: {
      vunmap,
      kernel_read: {
        summary: 'read a page of kernel addresses',
        subject: 'page',
        *run(cpu, page) {
          yield* cpu.x86.read(page, { supervisor: true })
        },
      },
    },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      yield* cpu.callFunction(request.targets, request)
    },
  })

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
