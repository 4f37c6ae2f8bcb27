/** The state that a world is in before anything has run: the machine as it was reset, the kernel as it has booted. */
import type { Kernel } from '../guest/kernel.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { initializeEntries } from '../machine/boot.ts'
import { initializeControls } from '../machine/control.ts'
import { initializeEpt } from '../machine/ept.ts'
import { initializeFrames } from '../machine/frames.ts'
import type { Machine } from '../machine/machine.ts'
import { initializePdptes } from '../machine/pdpte.ts'
import { initializeVpids } from '../machine/vmx-invalidate.ts'
import type { SharedDeclaration } from '../machine/word.ts'

/** Puts the machine and the variables of kernel and policy to what they hold at the start. */
export function initialize(m: Machine, kernel: Kernel, policy: AnyPolicy): void {
  const { S, interruptFlag, on } = m
  const { vcpus, pcpus } = m.config
  S.fill(0)
  initializeFrames(m)
  initializeEntries(m)
  initializeControls(m)
  initializePdptes(m)
  initializeEpt(m)
  initializeVpids(m)
  for (let v = 0; v < vcpus; v++) {
    S[interruptFlag + v] = 1
    S[on + v] = v < pcpus ? v + 1 : 0
  }
  kernel.initialize()
  for (const [name, { initial }] of Object.entries<SharedDeclaration>(policy.shared ?? {})) {
    for (let v = 0; v < vcpus; v++) S[kernel.shared[name].of(v).at] = initial
  }
}
