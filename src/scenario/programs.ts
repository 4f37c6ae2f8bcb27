/**
 * The code that vCPUs run, as first control states: operations of the workload, interrupt and NMI handlers, host sides of
 * hypercalls, entry and exit hooks. Each is asked for again and again, so what was found once is kept by number.
 */
import { argA, argB, argC, type Coroutines } from '../engine/coroutine.ts'
import type { Code } from '../engine/step.ts'
import { Cpu, type AnyCpu } from '../guest/cpu.ts'
import type { AnySurroundings } from '../guest/surroundings.ts'
import { asPolicy } from '../guest/hooks.ts'
import { operationNamed } from '../guest/operations/index.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { callFunctionInterrupt } from '../guest/smp.ts'
import { Device } from '../machine/device.ts'
import { rarMicrocode } from '../machine/rar.ts'
import { HostCpu, type AnyHostCpu } from '../hypervisor/host-cpu.ts'
import { cpusOf, inputOf } from '../hypervisor/hypercall.ts'
import { FETCH, WRITE } from '../machine/rights.ts'
import type { Operation } from './workload.ts'

export class Programs {
  private readonly co: Coroutines
  private readonly policy: AnyPolicy
  private readonly cpus: readonly AnyCpu[]
  private readonly devices: readonly Device[]
  private readonly hosts: readonly AnyHostCpu[]
  private readonly vectors: readonly string[]
  private readonly hypercalls: readonly string[]
  private readonly handlers: number[][] = []
  private readonly hostSides: number[] = []

  constructor(co: Coroutines, policy: AnyPolicy, surroundings: AnySurroundings) {
    const { config, kernel, shared, vectors, hypercalls } = surroundings
    this.co = co
    this.policy = policy
    this.vectors = vectors
    this.hypercalls = hypercalls
    this.cpus = Array.from({ length: config.vcpus }, (_, v) => new Cpu(v, surroundings))
    this.devices = Array.from({ length: config.devices }, (_, id) => new Device(id, surroundings))
    this.hosts = this.cpus.map(({ id }) => new HostCpu(id, kernel.geometry, shared))
  }

  /** The operations of a vCPU, one after the other; each begins in the address space that the one before left. */
  operations(v: number, operations: readonly Operation[]): number[] {
    // The programs of devices, which only experiments have, are operations of the policy like those of CPUs.
    const cpu = this.cpus[v] ?? (this.devices[v - this.cpus.length] as unknown as AnyCpu)
    let space = 0
    return operations.map(({ op, page = 0 }) => {
      const known = operationNamed(this.policy, op)!
      const here = space
      if (known.needs === 'switching') space = 1 - space
      const where = `${op}(${page}) on CPU${v}, policy ${this.policy.name}`
      return this.co.root(`${where} mm${here}`, () =>
        'run' in known ? asPolicy(where, known.run(cpu, page, here)) : known.code(cpu as Cpu, page, here),
      )
    })
  }

  /** What the policy does when a CPU comes up. */
  boot(v: number): number {
    const where = `boot on CPU${v}, policy ${this.policy.name}`
    return this.co.root(where, () => asPolicy(where, this.policy.boot!(this.cpus[v])))
  }

  /** The handler of an interrupt. */
  handler(vector: number, v: number): number {
    const known = (this.handlers[vector] ??= [])
    return (known[v] ??= this.handlerOf(vector, v))
  }

  private handlerOf(vector: number, v: number): number {
    const name = this.vectors[vector]
    const own = this.policy.interrupts?.[name]
    const where = `${name} interrupt on CPU${v}, policy ${this.policy.name}`
    return this.co.root(where, () =>
      own === undefined ? callFunctionInterrupt(this.cpus[v] as Cpu) : asPolicy(where, own(this.cpus[v])),
    )
  }

  /** True if the policy handles NMIs. */
  get handlesNmis(): boolean {
    return this.policy.nmi !== undefined
  }

  /** The handler of an NMI. */
  nmi(v: number): number {
    const where = `NMI on CPU${v}, policy ${this.policy.name}`
    return this.co.root(where, () =>
      this.policy.nmi === undefined ? nothing() : asPolicy(where, this.policy.nmi(this.cpus[v])),
    )
  }

  /** What microcode does upon a RAR signal. */
  microcode(): number {
    const { rar } = this.cpus[0].config
    return this.co.root('RAR microcode', () => rarMicrocode(rar))
  }

  /** The host side of the hypercall that control state `node` asks for. */
  hostSide(v: number, node: number): number {
    return (this.hostSides[node * this.cpus.length + v] ??= this.hostSideOf(v, node))
  }

  private hostSideOf(v: number, node: number): number {
    const { nodes } = this.co
    const pages = argB(nodes, node)
    const encoded = argC(nodes, node)
    const mask = cpusOf(encoded)
    const name = this.hypercalls[argA(nodes, node)]
    const cpus = this.cpus.map(({ id }) => id).filter((id) => mask & (1 << id))
    const where = `hypercall ${name}, policy ${this.policy.name}`
    return this.co.root(`${where} cpu${v} ${pages} ${encoded}`, () =>
      asPolicy(where, this.policy.hypercalls![name](this.hosts[v], pages, cpus, inputOf(encoded))),
    )
  }

  /** The policy's handler of EPT violations, for one of a guest frame, or 0 if it has none. */
  violation(v: number, frame: number, mode: number): number {
    const handler = this.policy.onEptViolation
    if (handler === undefined) return 0
    const kind = mode & WRITE ? 'write' : mode & FETCH ? 'fetch' : 'read'
    const where = `onEptViolation, policy ${this.policy.name}`
    return this.co.root(`${where} cpu${v} ${frame} ${kind}`, () =>
      asPolicy(where, handler(this.hosts[v], frame, kind)),
    )
  }

  /** The policy's hook of a VM entry or exit, or 0 if it has none. */
  hook(v: number, name: 'onVcpuEntry' | 'onVcpuExit'): number {
    if (this.policy[name] === undefined) return 0
    const where = `${name}, policy ${this.policy.name}`
    return this.co.root(`${where} cpu${v}`, () => asPolicy(where, this.policy[name]!(this.hosts[v])))
  }
}

/** The handler of an NMI that the policy does not care for. */
function* nothing(): Code {}
