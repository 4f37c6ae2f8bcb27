/**
 * How Linux names the targets of a Hyper-V flush: a plain mask where all their numbers are below 64, otherwise a sparse
 * set of banks for the Ex form of the hypercall. Virtual processor numbers are the hypervisor's to choose and need not
 * be dense; with `sparse` they are not, and every target has a bank of its own. arch/x86/hyperv/mmu.c
 * (hyperv_flush_tlb_multi, hyperv_flush_tlb_others_ex).
 */
import { z } from 'zod'
import type { Code } from '../engine/step.ts'
import type { Cpu } from '../guest/cpu.ts'

export const targetSets = z.object({
  /** How the hypervisor numbers virtual processors: densely from 0, or one to a bank of 64. */
  targets: z.enum(['plain', 'sparse']).default('plain'),
})

const BANK = 64

/** Flushes `cpus` by the form of the hypercall that can name them. */
export function* flushTargets<S>(
  cpu: Cpu<S, z.output<typeof targetSets>>,
  call: string,
  pages: number,
  cpus: readonly number[],
): Code {
  const numbers = cpus.map((each) => ({ each, vp: cpu.options?.targets === 'sparse' ? each * BANK : each }))
  if (numbers.every(({ vp }) => vp < BANK)) {
    yield* cpu.hypercall(call, pages, cpus)
    return
  }
  const banks = new Map<number, number[]>()
  for (const { each, vp } of numbers)
    banks.set(Math.floor(vp / BANK), [...(banks.get(Math.floor(vp / BANK)) ?? []), each])
  yield* cpu.hypercall(
    `${call}Ex`,
    pages,
    [...banks.keys()].toSorted((a, b) => a - b).flatMap((bank) => banks.get(bank)!),
  )
}
