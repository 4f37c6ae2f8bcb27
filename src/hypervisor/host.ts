/**
 * What the host keeps of its vCPUs, and what its operations do: which vCPU is to flush at its next entry, which has been
 * kicked and where each ran last; VM exits and entries, which are serializing.
 */
import { abortInstruction, dropContext } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import { dropEpt, dropGuestPhysical } from '../machine/vmx-invalidate.ts'
import { FLUSH_ASID_BUT_GLOBAL, FLUSH_NOTHING, FLUSH_TAG, obey } from '../machine/tlb-control.ts'
import { dropScope } from './flush-scope.ts'
import { AT_BOUNDARY, forgetTranslation } from './emulator.ts'
import {
  FLUSH_VCPU,
  FLUSH_AT_ENTRY,
  IS_RUNNING,
  KICK,
  KICKED,
  INVEPT_AT_ENTRY,
  TLB_CONTROL,
  PCPU,
} from './host-ops.ts'

/** Where a vCPU is: in its guest, in host code, or in host code with an entry hook to be run when that ends. */
const GUEST = 0

const HOST = 1

const OWED = 2

/** Host state of a machine. */
export class Host {
  /** Per vCPU: flush before the next entry. */
  readonly flushAtEntry: number
  /** Per vCPU: INVEPT before the next entry; only with EPT. */
  readonly inveptAtEntry: number
  /** Per vCPU: a kick is pending. */
  readonly kicked: number
  /** Preemptions used of the budget. */
  readonly preemptions: number
  /** Per vCPU: pCPU + 1 that it ran on last. */
  readonly last: number
  /** Per vCPU: GUEST, HOST or OWED; only where host code can be preempted. */
  readonly inHost: number

  private readonly m: Machine

  constructor(m: Machine) {
    this.m = m
    const { vcpus, pcpus, preemptions } = m.config
    this.flushAtEntry = m.layout.add('flush at entry', vcpus, m.config.vpids > 0 ? FLUSH_ASID_BUT_GLOBAL : 1)
    this.inveptAtEntry = m.layout.add('INVEPT at entry', m.config.ept > 0 ? vcpus : 0, 1)
    this.kicked = m.layout.add('kick pending', vcpus, 1)
    this.preemptions = m.layout.add('preemptions', 1, preemptions)
    this.last = m.layout.add('last pCPU', m.config.migration ? vcpus : 0, pcpus)
    this.inHost = m.layout.add('in host code', m.config.emulation ? vcpus : 0, OWED)
    m.install(TLB_CONTROL, (_v, target, control) => {
      m.S[this.flushAtEntry + target] = control
      return 0
    })
    m.installDrained(INVEPT_AT_ENTRY, (_v, target) => {
      m.witnessTarget(target)
      m.S[this.inveptAtEntry + target] = 1
      return 0
    })
    m.install(PCPU, (v) => m.whereabouts(v))
    m.install(AT_BOUNDARY, (v) => (m.S[this.inHost + v] === GUEST ? 1 : 0))
    m.installDrained(FLUSH_VCPU, (_v, target, mask, scope) => {
      m.buffer.drainAll(target)
      m.witnessTarget(target)
      for (let context = m.caches.vpidOf(target); context < m.caches.cpuContexts; context += m.caches.vpids) {
        dropScope(m, context, mask, scope)
      }
      abortInstruction(m, target)
      return 0
    })
    m.installDrained(FLUSH_AT_ENTRY, (_v, target) => {
      m.witnessTarget(target)
      m.S[this.flushAtEntry + target] = FLUSH_TAG
      return 0
    })
    m.install(IS_RUNNING, (_v, target) => (m.whereabouts(target) === 0 ? 0 : 1))
    m.installSend(KICK, (_v, target) => {
      if (m.whereabouts(target) !== 0) m.S[this.kicked + target] = 1
      return 0
    })
    m.install(
      KICKED,
      () => 0,
      (_v, mask) => {
        for (let v = 0; v < vcpus; v++) if (mask & (1 << v) && m.S[this.kicked + v] !== 0) return false
        return true
      },
    )
  }

  /** VM exit of a vCPU: its instruction in flight is discarded, and a kick has done its work. */
  exit(vcpu: number): void {
    const { m } = this
    m.buffer.drainAll(vcpu)
    abortInstruction(m, vcpu)
    m.S[this.kicked + vcpu] = 0
    if (!m.config.vpid && m.S[m.on + vcpu] !== 0) dropContext(m, m.caches.context(vcpu))
  }

  /** VM entry of a vCPU that is on a pCPU: a flush asked for meanwhile is done first. */
  enter(vcpu: number): void {
    const { m } = this
    m.buffer.drainAll(vcpu)
    if (m.eptp >= 0 && m.S[this.inveptAtEntry + vcpu] !== 0) {
      m.S[this.inveptAtEntry + vcpu] = 0
      dropEpt(m, m.S[m.on + vcpu] - 1, m.caches.view(vcpu))
      abortInstruction(m, vcpu)
    }
    const control = m.S[this.flushAtEntry + vcpu]
    if (control === FLUSH_NOTHING) return
    m.S[this.flushAtEntry + vcpu] = FLUSH_NOTHING
    obey(m, vcpu, control)
    abortInstruction(m, vcpu)
  }

  /** Takes a vCPU off its pCPU. */
  preempt(vcpu: number): void {
    const { m } = this
    this.exit(vcpu)
    if (m.config.migration) m.S[this.last + vcpu] = m.S[m.on + vcpu]
    m.S[m.on + vcpu] = 0
  }

  /**
   * Puts a vCPU on a pCPU. One that comes from another pCPU finds its old translations there dropped, as KVM
   * (vmx_vcpu_load_vmcs) and Xen (hvm_asid_flush_vcpu) do, unless `keepOnMigration` leaves that to the policy's hook.
   * False if the entry has to wait for host code that was preempted.
   */
  schedule(vcpu: number, pcpu: number): boolean {
    const { m } = this
    m.S[m.on + vcpu] = pcpu + 1
    const { migration, keepOnMigration } = m.config
    if (migration && !keepOnMigration && m.S[this.last + vcpu] !== pcpu + 1) {
      dropContext(m, m.caches.context(vcpu))
      dropGuestPhysical(m, pcpu, m.caches.mappingTag(vcpu))
    }
    if (m.config.emulation && m.S[this.inHost + vcpu] !== GUEST) {
      m.S[this.inHost + vcpu] = OWED
      return false
    }
    this.enter(vcpu)
    return true
  }

  /** Host code of a vCPU begins. */
  enterHost(vcpu: number): void {
    this.exit(vcpu)
    if (this.m.config.emulation) this.m.S[this.inHost + vcpu] = HOST
  }

  /** Host code of a vCPU has ended; true if the entry hook is still to be run before it enters the guest. */
  leaveHost(vcpu: number): boolean {
    const { m } = this
    if (!m.config.emulation) return false
    const owed = m.S[this.inHost + vcpu] === OWED
    m.S[this.inHost + vcpu] = GUEST
    forgetTranslation(m, vcpu)
    return owed
  }
}
