/** The package: policies, hunting, verification, corpus, reports, and the machine beneath them. */
export { ShootdownError } from './errors.ts'
export { checkpoint, type Code, type Step } from './engine/step.ts'
export type { System, Violation } from './engine/system.ts'
export { Random } from './engine/random.ts'
export { defaultMachine, machineConfig, type MachineConfig } from './machine/config.ts'
export { checkWalks, parseWalkTable, type WalkRow, type WalkVerdicts } from './conformance/walk-table.ts'
export { WITNESSES, type WitnessKind } from './machine/facts.ts'
export { Emulator, emulateInvlpg } from './hypervisor/emulator.ts'
export { HostCpu } from './hypervisor/host-cpu.ts'
export {
  ALL_PROCESSORS,
  ALL_VIRTUAL_ADDRESS_SPACES,
  NON_GLOBAL_MAPPINGS_ONLY,
  flushVirtualAddressList,
  flushVirtualAddressSpace,
} from './hypervisor/hyperv.ts'
export type { FlushScope } from './hypervisor/flush-scope.ts'
export type { HypercallInput } from './hypervisor/hypercall.ts'
export { xenFlushTlb } from './hypervisor/xen.ts'
export { Cpu } from './guest/cpu.ts'
export type { KernelFeatures } from './guest/surroundings.ts'
export type { Kernel } from './guest/kernel.ts'
export type { Mm } from './guest/mm.ts'
export type { HypercallHandler, Policy, PolicyInvariant, Shared } from './guest/policy.ts'
export { callQueues, queuePop, queuePush, queueTakeAll, queueWords } from './guest/call-queue.ts'
export type { CallQueueOptions, CallQueues } from './guest/call-queue.ts'
export { flushBy, flushTlbRange, requestFor } from './guest/flush.ts'
export { MmuGather, type GatherOptions } from './guest/mmu-gather.ts'
export { rcuHead, rcuHeads } from './guest/rcu-head.ts'
export { firstMappings, rmapWalk } from './guest/rmap.ts'
export {
  localIrqRestore,
  localIrqSave,
  lockWord,
  lockWords,
  mutexLock,
  mutexUnlock,
  spinLock,
  spinLockIrqsave,
  spinTrylock,
  spinUnlock,
  spinUnlockIrqrestore,
} from './guest/spinlock.ts'
export type { FlushKind, FlushRequest } from './guest/request.ts'
export type { SharedDeclaration, SharedWords } from './machine/word.ts'
export { Device } from './machine/device.ts'
export type { Invalidation } from './machine/iommu.ts'
export { IommuQueue } from './machine/iommu-queue.ts'
export { Vmx } from './machine/vmx.ts'
export { guestOperations, type GuestOperation, type PolicyOperation } from './guest/operations/index.ts'
export { RAR_FAILURE, RAR_PENDING, RAR_SUCCESS } from './machine/events.ts'
export type { Operand } from './machine/operand.ts'
export { definePolicy, withOptions } from './policies/define.ts'
export * from './policies/index.ts'
export { removeTable } from './policies/table-free.ts'
export { FLUSH_COMPLETES, invariants, type Invariant } from './invariants/index.ts'
export {
  boundsFor,
  boundsSchema,
  defaultBounds,
  makeBounds,
  tellBounds,
  type Bounds,
} from './scenario/bounds.ts'
export { boundedWorkloads, eachBoundedWorkload, enumerateWorkloads } from './scenario/enumerate-workloads.ts'
export { canonicalWorkload } from './scenario/canonical-workload.ts'
export { operationDomain, type Operation, type Workload } from './scenario/workload.ts'
export { sizeOf, type Race, type Size } from './scenario/race.ts'
export { World } from './scenario/world.ts'
export { Worlds } from './scenario/worlds.ts'
export { explore, type ExhaustiveOptions, type Exploration } from './explore/exhaustive.ts'
export { reduced, type Reductions } from './reduce/index.ts'
export * from './experiment/index.ts'
export { hitProbability, type HitOptions, type HitProbability } from './explore/hit-probability.ts'
export type { PctShape } from './explore/hits-of-pct.ts'
export { delayBounded } from './explore/delay-bounded.ts'
export { feedback } from './explore/feedback.ts'
export { pct } from './explore/pct.ts'
export { portfolio } from './explore/portfolio.ts'
export { pos } from './explore/pos.ts'
export { preemptionBounded } from './explore/preemption-bounded.ts'
export { randomWalk } from './explore/random-walk.ts'
export { Runner, type Run } from './explore/run.ts'
export { strategies } from './explore/strategies.ts'
export { surw } from './explore/surw.ts'
export type { Strategy } from './explore/strategy.ts'
export {
  hunt,
  HUNT_DEFAULTS,
  type Found,
  type Hunted,
  type HuntOptions,
  type HuntProgress,
  type Unproven,
} from './hunt/hunt.ts'
export {
  missedOf,
  missProbability,
  rateBound,
  shareMissedAt,
  type Confidence,
  type PctConfidence,
  type PctPromise,
} from './hunt/confidence.ts'
export type { Coverage } from './hunt/coverage.ts'
export { estimateSpace, type EstimateOptions, type Interval, type SpaceEstimate } from './hunt/estimate.ts'
export { HuntState, type How } from './hunt/state.ts'
export { Verified } from './verify/verified.ts'
export { MemoryLimit } from './engine/memory.ts'
export { verify, tellVerification, type Verification, type VerifyOptions } from './verify/verify.ts'
export { huntInWorkers, MAX_WORKERS, verifyInWorkers, type WorkerOptions } from './workers/in-workers.ts'
export { shrink, type Shrunk } from './shrink/shrink.ts'
export { certify, certifyAgain, type Certificate, type Certified, type Scope } from './shrink/certificate.ts'
export { shortest, type Shortest } from './shrink/shortest.ts'
export type { Spent } from './shrink/spent.ts'
export { explain, explainAndGeneralize, type Explained, type Explanation } from './explain/explain.ts'
export { generalize, type Generalized, type OrderedPair } from './explain/generalize.ts'
export { isEstablished, type Limits, type NotEstablished } from './explain/limits.ts'
export type { Mark } from './explain/marks.ts'
export { notesOf } from './explain/tell.ts'
export {
  repair,
  type Candidate,
  type Cure,
  type Repair,
  type RepairOptions,
  type Tried,
} from './repair/repair.ts'
export type { RepairProgress } from './repair/repair.ts'
export { insert, tellInsertion, type Insertion } from './repair/insertion.ts'
export type { Place } from './repair/places.ts'
export type { CalmCost } from './repair/calm.ts'
export type { Judgement } from './repair/trial.ts'
export type { Live } from './repair/endless.ts'
export type { OutOfReach } from './repair/reach.ts'
export { tellCandidate, tellRepair } from './repair/tell.ts'
export {
  vocabulary,
  type GuestWord,
  type HostWord,
  type RepairKind,
  type RepairWord,
  type WordContext,
} from './repair/vocabulary.ts'
export { certifyLivelock } from './liveness/certify.ts'
export { findLivelock, type LivelockOptions, type LivenessResult } from './liveness/livelock.ts'
export {
  liveness,
  livenessBounds,
  tellLiveness,
  type Liveness,
  type LivenessOptions,
} from './liveness/liveness.ts'
export { goesRound, type Lasso } from './liveness/lasso.ts'
export type { Fairness, FairSystem } from './engine/fairness.ts'
export { makeCase, parseCase, parseUnsealed } from './corpus/case.ts'
export { dedupe, type Deduped, type DedupeOptions } from './corpus/dedupe.ts'
export { keptOf } from './corpus/explained.ts'
export { minimize, type Minimized } from './corpus/minimize.ts'
export { recertify, type Difference, type Recertified } from './corpus/recertify.ts'
export { sameRaceKey } from './corpus/same-race.ts'
export { why, type Why } from './corpus/why.ts'
export { replayCase, expectedOutcome, type Replayed } from './corpus/replay.ts'
export { raceOfCase } from './corpus/race.ts'
export { FORMAT, caseSchema, type Case } from './corpus/schema.ts'
export { keep, readCase, readCorpus, type Corpus, type Kept } from './corpus/store.ts'
export { drawLasso } from './report/protocol.ts'
export { diagramOf, tellRace, tellWorkload } from './report/race.ts'
export { checkFolder, type Checked, type CheckOptions, type Unequal } from './litmus/check.ts'
export { parseLitmus, type LitmusTest } from './litmus/parse.ts'
export { runLitmus, type LitmusOptions, type LitmusResult, type Verdict } from './litmus/run.ts'
export {
  dedupeJson,
  errorJson,
  explainedJson,
  generalizedJson,
  huntJson,
  litmusJson,
  livenessJson,
  minimizeJson,
  policiesJson,
  recertifyJson,
  repairJson,
  replayJson,
  showJson,
  verifyJson,
  walkJson,
  whyJson,
} from './cli/json/index.ts'
export { VERSION } from './version.ts'
