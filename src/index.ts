/** The package: policies, hunting, verification, corpus, reports, and the machine beneath them. */
export { ShootdownError } from './errors.ts'
export { checkpoint, type Code, type Step } from './engine/step.ts'
export type { System, Violation } from './engine/system.ts'
export { Random } from './engine/random.ts'
export { defaultMachine, machineConfig, type MachineConfig } from './machine/config.ts'
export { WITNESSES, type WitnessKind } from './machine/facts.ts'
export { Emulator, emulateInvlpg } from './hypervisor/emulator.ts'
export { HostCpu } from './hypervisor/host.ts'
export { flushVirtualAddressList, flushVirtualAddressSpace } from './hypervisor/hyperv.ts'
export { xenFlushTlb } from './hypervisor/xen.ts'
export { Cpu, type KernelFeatures } from './guest/cpu.ts'
export type { Kernel } from './guest/kernel.ts'
export type { HypercallHandler, Policy, PolicyInvariant, Shared } from './guest/policy.ts'
export type { FlushRequest } from './guest/request.ts'
export { perCpu, variable, type SharedDeclaration, type SharedWords, type Word } from './machine/word.ts'
export { X86 } from './machine/x86.ts'
export { Vmx } from './machine/vmx.ts'
export { guestOperations, type GuestOperation } from './guest/operations/index.ts'
export { definePolicy, withOptions } from './policies/define.ts'
export * from './policies/index.ts'
export { removeTable } from './policies/table-free.ts'
export { FLUSH_COMPLETES, invariants, type Invariant } from './invariants/index.ts'
export { boundsSchema, defaultBounds, makeBounds, tellBounds, type Bounds } from './scenario/bounds.ts'
export {
  boundedWorkloads,
  canonicalWorkload,
  enumerateWorkloads,
  operationDomain,
  type Operation,
  type Workload,
} from './scenario/workload.ts'
export { sizeOf, type Race, type Size } from './scenario/race.ts'
export { World } from './scenario/world.ts'
export { Worlds } from './scenario/worlds.ts'
export { explore, type ExhaustiveOptions, type Exploration } from './explore/exhaustive.ts'
export {
  experiment,
  type Experiment,
  type ExperimentOptions,
  type Program,
  type Words,
} from './experiment/experiment.ts'
export { pct } from './explore/pct.ts'
export { portfolio } from './explore/portfolio.ts'
export { randomWalk } from './explore/random-walk.ts'
export { Runner, type Run } from './explore/run.ts'
export { strategies } from './explore/strategies.ts'
export type { Strategy } from './explore/strategy.ts'
export { hunt, HUNT_DEFAULTS, type Found, type Hunted, type HuntOptions } from './hunt/hunt.ts'
export { verify, tellVerification, type Verification, type VerifyOptions } from './verify/verify.ts'
export { shrink, type Shrunk } from './shrink/shrink.ts'
export { certify, type Certificate, type Certified, type Scope } from './shrink/certificate.ts'
export { shortest, type Shortest } from './shrink/shortest.ts'
export { makeCase, parseCase } from './corpus/case.ts'
export { replayCase, expectedOutcome, type Replayed } from './corpus/replay.ts'
export { raceOfCase } from './corpus/race.ts'
export { FORMAT, caseSchema, type Case } from './corpus/schema.ts'
export { keep, readCorpus, type Corpus, type Kept } from './corpus/store.ts'
export { diagramOf, tellRace, tellWorkload } from './report/race.ts'
export { errorJson, huntJson, policiesJson, replayJson, showJson, verifyJson } from './cli/json.ts'
export { VERSION } from './version.ts'
