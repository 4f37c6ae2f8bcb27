/** A broken rule of the hardware: what is wrong, and how. What catches it is found by running. */
import type { Breakage } from '../breaking.ts'
import { hardware } from '../hardware.ts'
import { kernel } from '../kernel.ts'

export interface BrokenRule {
  /** What is wrong, as a sentence. */
  readonly name: string
  readonly breakage: Breakage
}

export const broken = (name: string, breakage: Breakage): BrokenRule => ({ name, breakage })

/** One that policies tell as well: it is in one of their lists under this name. */
export function asTold(name: string): BrokenRule {
  const { breakage } = [...hardware, ...kernel].find((mutant) => mutant.name === name)!
  return broken(name, breakage)
}

/** Runs an operation under another PCID than the one of the CPU, in a machine that has them. */
export const underPcid = (
  m: { readonly S: Int32Array; readonly pcid: number },
  v: number,
  pcid: number,
  action: () => number,
): number => {
  if (m.pcid < 0) return action()
  const own = m.S[m.pcid + v]
  m.S[m.pcid + v] = pcid
  const result = action()
  m.S[m.pcid + v] = own
  return result
}
