/** The door `shootdown/protocol`: small protocols on the package's engine, and what explores them. */
export { Protocol } from './protocol.ts'
export type { Action, Ask, Guard, Never, ProtocolOptions, StepOptions, Thread, Touch } from './protocol.ts'
export { DEADLOCK, Space } from './space.ts'
export { LIVELOCK } from './fairness.ts'
