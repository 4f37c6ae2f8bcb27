/** An experiment as a policy: its programs are operations, and its handlers interrupts, that only this policy has. */
import type { Cpu } from '../guest/cpu.ts'
import type { AnyPolicy, HypercallHandler } from '../guest/policy.ts'
import type { HostCpu } from '../hypervisor/host-cpu.ts'
import { flushVirtualAddressList, flushVirtualAddressSpace } from '../hypervisor/hyperv.ts'
import { xenFlushTlb } from '../hypervisor/xen.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { SharedDeclaration, SharedWords } from '../machine/word.ts'
import type { Device } from '../machine/device.ts'
import type { Lists } from './lists.ts'
import type { Words, Program, HostProgram, DeviceProgram, ExperimentOptions } from './options.ts'

/** The flush hypercalls that an experiment has without a policy of its own. */
const flushes = {
  HvFlushVirtualAddressList: flushVirtualAddressList,
  HvFlushVirtualAddressSpace: flushVirtualAddressSpace,
  XenFlushTlb: xenFlushTlb,
}

const nobody: AnyPolicy = {
  name: 'experiment',
  summary: 'Flushes nobody.',
  *flush() {},
  hypercalls: flushes,
}

/** The experiment as a policy: its programs are operations that only this policy has. */
export function policyOf<D extends Record<string, SharedDeclaration>>(
  options: ExperimentOptions<D>,
  { vcpus }: MachineConfig,
  lists: Lists,
): AnyPolicy {
  const { policy = nobody, words, cpus, devices = [], interrupts = {}, nmi } = options
  const { hypercalls = {}, onEptViolation } = options
  const as = (program: Program<D>) => (cpu: Cpu) => {
    const find = (name: string): SharedWords => (cpu.shared as Record<string, SharedWords>)[name]
    return lists.returnedBy(program(cpu.x86, wordsOf(words, find, vcpus), cpu))
  }
  const ofHost = ({ shared }: HostCpu): Words<D> =>
    wordsOf(words, (name) => (shared as Record<string, SharedWords>)[name], vcpus)
  const asHost =
    (program: HostProgram<D>): HypercallHandler<unknown> =>
    (host, pages, named, input) =>
      program(host, pages, named, input, ofHost(host))
  const asDevice = (program: DeviceProgram<D>) => (cpu: unknown) => {
    const device = cpu as Device<Record<string, SharedWords>>
    return program(
      device,
      wordsOf(words, (name) => device.shared[name], vcpus),
    )
  }
  const programs = Object.fromEntries([
    ...setupsOf(options).map((program, cpu) => [setupName(cpu), program] as const),
    ...cpus.map((program, cpu) => [`cpu${cpu}`, program] as const),
  ])
  return {
    ...policy,
    shared: { ...policy.shared, ...words },
    ...(nmi === undefined ? {} : { nmi: as(nmi) }),
    interrupts: { ...policy.interrupts, ...mapValues(interrupts, as) },
    hypercalls: { ...policy.hypercalls, ...mapValues(hypercalls, asHost) },
    ...(onEptViolation === undefined
      ? {}
      : {
          onEptViolation: (host: HostCpu, frame: number, kind: 'read' | 'write' | 'fetch') =>
            onEptViolation(host, frame, kind, ofHost(host)),
        }),
    operations: {
      ...policy.operations,
      ...mapValues(programs, (program) => ({ summary: 'a program of the experiment', run: as(program) })),
      ...mapValues(Object.fromEntries(devices.map((program, at) => [`device${at}`, program])), (program) => ({
        summary: 'a device of the experiment',
        run: asDevice(program),
      })),
    },
  }
}

export const setupsOf = <D extends Record<string, SharedDeclaration>>({
  setup = [],
}: ExperimentOptions<D>): readonly Program<D>[] => (typeof setup === 'function' ? [setup] : setup)

export const setupName = (cpu: number): string => (cpu === 0 ? 'setup' : `setup of CPU${cpu}`)

const mapValues = <V, W>(all: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, map(value)]))

export function wordsOf<D extends Record<string, SharedDeclaration>>(
  declared: D | undefined,
  find: (name: string) => SharedWords,
  vcpus: number,
): Words<D> {
  const entries = Object.entries(declared ?? {}).map(([name, { kind }]) => [
    name,
    kind === 'one' ? find(name).of() : Array.from({ length: vcpus }, (_, cpu) => find(name).of(cpu)),
  ])
  return Object.fromEntries(entries) as Words<D>
}
