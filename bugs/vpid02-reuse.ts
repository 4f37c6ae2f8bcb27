/**
 * KVM, nested VMX ("Always flush vpid02 on first use", June 2026). L2 guests run under a VPID of their own (vpid02),
 * which the host finds when L1 executes VMXON, and flushes at VM entry if L1 has changed the VPID that it uses itself
 * (vpid12). VMXOFF gives vpid02 back; another VM may use it before L1 gets the same number again. The note of the last
 * vpid12 survived that, and the first entry flushed nothing. Since the fix, finding a vpid02 clears the note.
 */
import { definePolicy, variable, type HostCpu } from '../src/index.ts'

const VPID01 = 1
/** The lowest VPID that is free when L1 executes VMXON, or another VM is made. */
const FREE = 2
/** What L1 calls the VPID of its guest. */
const VPID12 = 1

const make = ({ broken }: { broken: boolean }) => {
  /** VM entry under a VPID, on the tables of a space. */
  const enter = function* (host: HostCpu, vpid: number, space: number) {
    yield* host.vmx.loadVpid(vpid)
    yield* host.vmx.loadGuestCr3(space)
  }
  return definePolicy({
    name: broken ? 'vpid02-reuse' : 'vpid02-reuse-fixed',
    summary: `L2 guests run under a VPID that is flushed when vpid12 changes${broken ? '' : ', and at first use'}`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'address-space-isolation' } : {}),
    symmetric: true,
    shared: { lastVpid: variable({ max: VPID12 }) },
    workload: ['read', 'run_l2', 'run_other_vm'],
    machine: { vcpus: 1, vpids: 2, preemptions: 0, groups: [[0]] },
    operations: {
      run_l2: {
        summary: 'L1 executes VMXON, runs a guest, which reads, and executes VMXOFF',
        subject: 'page',
        needs: 'spaces',
        *run(cpu, page) {
          yield* cpu.hypercall('vmxon', 0, [])
          yield* cpu.hypercall('enterL2', 0, [])
          yield* cpu.access(page, 'read')
          yield* cpu.hypercall('enterL1', 0, [])
        },
      },
      run_other_vm: {
        summary: 'the pCPU runs another VM, which is made, reads, and is gone',
        subject: 'page',
        *run(cpu, page) {
          yield* cpu.hypercall('enterOther', 0, [])
          yield* cpu.access(page, 'read')
          yield* cpu.hypercall('enterL1', 0, [])
        },
      },
    },
    hypercalls: {
      *vmxon(host) {
        if (!broken) yield* host.store(host.shared.lastVpid.of(), 0)
      },
      *enterL2(host) {
        const last = yield* host.xchg(host.shared.lastVpid.of(), VPID12)
        if (last !== VPID12) yield* host.vmx.invvpid(1, FREE)
        yield* enter(host, FREE, 1)
      },
      *enterOther(host) {
        yield* host.vmx.invvpid(1, FREE)
        yield* enter(host, FREE, 0)
      },
      *enterL1(host) {
        yield* enter(host, VPID01, 0)
      },
    },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
    },
  })
}

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
