/**
 * VM exits into host code, and the entry behind it: hypercalls, and EPT violations that the policy handles. The host
 * code that runs then is pushed by the threads.
 */
import { argB, opOf, type Coroutines } from '../engine/coroutine.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import type { Host } from '../hypervisor/host.ts'
import { givenUp } from '../machine/access-result.ts'
import type { Machine } from '../machine/machine.ts'
import type { Programs } from './programs.ts'
import type { Stacks } from './stacks.ts'

export class VmExits {
  /** Called when a hypercall hands its result back to the control state that asked for it. */
  returned: ((vcpu: number, node: number, result: number) => void) | undefined
  private readonly machine: Machine
  private readonly co: Coroutines
  private readonly host: Host
  private readonly stacks: Stacks
  private readonly programs: Programs

  constructor(machine: Machine, co: Coroutines, host: Host, stacks: Stacks, programs: Programs) {
    this.machine = machine
    this.co = co
    this.host = host
    this.stacks = stacks
    this.programs = programs
  }

  /** The exit of a hypercall; results in its host side. */
  hypercall(v: number, node: number): number {
    this.host.enterHost(v)
    return this.programs.hostSide(v, node)
  }

  /** The exit of an EPT violation; results in the policy's handler, or in 0 if it has none, back in the guest. */
  violation(v: number, node: number): number {
    const { host, machine } = this
    const handler = this.programs.violation(v, machine.violated, argB(this.co.nodes, node))
    if (handler !== 0) host.enterHost(v)
    else {
      host.exit(v)
      host.enter(v)
    }
    return handler
  }

  /**
   * The entry behind host code that has returned `value`: the guest goes on behind its hypercall, or with the access that
   * was handled. True if the entry waits for the policy's hook.
   */
  leave(v: number, value: number): boolean {
    const { co, host } = this
    const { S } = this.machine
    const owed = host.leaveHost(v)
    if (!owed) host.enter(v)
    const caller = this.stacks.top(v)
    const node = S[caller]
    if (opOf(co.nodes, node) === HYPERCALL.code) {
      this.returned?.(v, node, value)
      S[caller] = co.next(node, value)
    } else if (value !== 0) S[caller] = co.next(node, givenUp(argB(co.nodes, node)))
    return owed
  }

  /** The end of the policy's hook of a VM entry, or of an exit. */
  endHook(v: number): void {
    const { machine, host } = this
    if (machine.S[machine.on + v] !== 0) host.enter(v)
    else machine.buffer.drainAll(v)
  }
}
