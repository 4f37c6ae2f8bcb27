/** The shipped policies. To add one: write its file, add its line. */
import type { AnyPolicy } from '../guest/policy.ts'
import { amdInvlpgb } from './amd-invlpgb.ts'
import { amdInvlpgbRcu } from './amd-invlpgb-rcu.ts'
import { flushBeforeUnhook } from './flush-before-unhook.ts'
import { flushNobody } from './flush-nobody.ts'
import { freeBeforeAck } from './free-before-ack.ts'
import { hypervList } from './hyperv-list.ts'
import { hypervRcu } from './hyperv-rcu.ts'
import { hypervSpace } from './hyperv-space.ts'
import { intelRar } from './intel-rar.ts'
import { intelRarRcu } from './intel-rar-rcu.ts'
import { nativeIpi } from './native-ipi.ts'
import { nativeRcu } from './native-rcu.ts'
import { rcuNoFallback } from './rcu-no-fallback.ts'
import { serializationFlag } from './serialization-flag.ts'
import { serializationFlagCollapse } from './serialization-flag-collapse.ts'
import { staticKey } from './static-key.ts'
import { staticKeyEarly } from './static-key-early.ts'
import { xenPv } from './xen-pv.ts'
import { xenRcu } from './xen-rcu.ts'

/** In the order of the thread: what was there, what broke, what cured it, the same with hardware that broadcasts, and baselines that must be caught. */
export const policies: readonly AnyPolicy[] = [
  nativeIpi,
  hypervList,
  hypervSpace,
  xenPv,
  nativeRcu,
  hypervRcu,
  xenRcu,
  rcuNoFallback,
  serializationFlag,
  serializationFlagCollapse,
  staticKey,
  staticKeyEarly,
  amdInvlpgb,
  amdInvlpgbRcu,
  intelRar,
  intelRarRcu,
  flushNobody,
  flushBeforeUnhook,
  freeBeforeAck,
]

export const policyNamed = (name: string): AnyPolicy | undefined =>
  policies.find((policy) => policy.name === name)

export {
  nativeIpi,
  hypervList,
  hypervSpace,
  xenPv,
  nativeRcu,
  hypervRcu,
  xenRcu,
  rcuNoFallback,
  serializationFlag,
  serializationFlagCollapse,
  staticKey,
  staticKeyEarly,
  amdInvlpgb,
  amdInvlpgbRcu,
  intelRar,
  intelRarRcu,
  flushNobody,
  flushBeforeUnhook,
  freeBeforeAck,
}
export { definePolicy } from './define.ts'
