/** What the commands print with `--json`: one object on standard output, of these shapes. */
export { dedupeJson, minimizeJson, recertifyJson, whyJson } from './corpus.ts'
export { huntJson, huntRowJson, raceJson } from './hunt.ts'
export { litmusCheckJson, litmusJson, litmusRunJson } from './litmus.ts'
export { livenessJson, policyLivenessJson } from './liveness.ts'
export { errorJson, policiesJson, walkJson } from './others.ts'
export { repairJson } from './repair.ts'
export { explainedJson, generalizedJson, replayJson, showJson } from './show.ts'
export { verificationJson, verifyJson } from './verify.ts'
