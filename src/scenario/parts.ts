/** What a world is put together from. Each part adds its fields to the state before the state gets its room. */
import { Coroutines } from '../engine/coroutine.ts'
import type { KernelFeatures } from '../guest/surroundings.ts'
import { hooksOf } from '../guest/hooks.ts'
import { Kernel } from '../guest/kernel.ts'
import { optionsOf } from '../guest/policy-schema.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { Host } from '../hypervisor/host.ts'
import type { MachineConfig } from '../machine/config.ts'
import { installDevice } from '../machine/device.ts'
import { Machine } from '../machine/machine.ts'
import { Devices } from './devices.ts'
import { Environment } from './environment.ts'
import { installOperations } from './installers.ts'
import { Interrupts } from './interrupts.ts'
import { Judge } from './judge.ts'
import { NextSteps } from './next-steps.ts'
import { Placement } from './placement.ts'
import { Programs } from './programs.ts'
import { Stacks } from './stacks.ts'
import { Tasks } from './tasks.ts'
import { Threads } from './threads.ts'
import { VmExits } from './vm-exits.ts'
import { Walkers } from './walkers.ts'
import { Witnesses } from './witnesses.ts'

export interface Parts {
  readonly machine: Machine
  readonly co: Coroutines
  readonly host: Host
  readonly kernel: Kernel
  readonly judge: Judge
  readonly walkers: Walkers
  readonly programs: Programs
  readonly stacks: Stacks
  readonly nextSteps: NextSteps
  readonly interrupts: Interrupts
  readonly exits: VmExits
  readonly tasks: Tasks
  readonly threads: Threads
  readonly environment: Environment
  readonly placement: Placement
  readonly witnesses: Witnesses
  /** Absent from a machine without devices. */
  readonly devices: Devices | undefined
  /** Names of interrupt vectors and of hypercalls, by number. */
  readonly vectors: readonly string[]
  readonly hypercalls: readonly string[]
}

/** Puts a machine together with its host, its kernel and what moves on it. */
export function assemble(
  policy: AnyPolicy,
  config: MachineConfig,
  features: KernelFeatures,
  keepsResults: boolean,
): Parts {
  const co = new Coroutines()
  const machine = new Machine(config)
  const host = new Host(machine)
  const kernel = new Kernel(machine, policy.shared ?? {})
  const judge = new Judge(machine, kernel, policy)
  const walkers = new Walkers(machine, co)
  const vectors = ['call-function', ...Object.keys(policy.interrupts ?? {})]
  const hypercalls = Object.keys(policy.hypercalls ?? {})
  const programs = new Programs(co, policy, {
    config,
    frames: machine.geometry.frames,
    kernel,
    vectors,
    hypercalls,
    features,
    shared: kernel.shared,
    options: optionsOf(policy),
    policy: hooksOf(policy),
  })
  const stacks = new Stacks(machine)
  const nextSteps = new NextSteps(machine, co, walkers)
  const interrupts = new Interrupts(machine, kernel.rcu, stacks, nextSteps)
  const exits = new VmExits(machine, co, host, stacks, programs)
  const tasks = new Tasks(machine, keepsResults)
  const witnesses = new Witnesses()
  const around = { machine, co, host, judge, walkers, programs, stacks, nextSteps, interrupts, exits, tasks }
  const threads = new Threads(around)
  const parts = { ...around, kernel, threads, witnesses, vectors, hypercalls }
  const environment = new Environment(parts)
  const placement = new Placement(parts)
  const devices = config.devices > 0 ? new Devices(parts) : undefined
  machine.seal()
  installOperations(machine)
  if (devices !== undefined) installDevice(machine)
  machine.hooks = {
    fact: (kind, vcpu, ghost, frame) => judge.judge(kind, vcpu, ghost, frame),
    witness: (kind) => witnesses.witness(kind),
    reached: (vcpu) => witnesses.reached(vcpu),
    placed: () => witnesses.placed(),
    quiescent: (vcpu) => kernel.rcu.quiescent(vcpu),
  }
  return { ...parts, environment, placement, devices }
}
