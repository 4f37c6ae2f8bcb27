/** Policies whose flush needs no interrupt: INVLPGB, and Remote Action Requests. */
import { amdInvlpgb, amdInvlpgbRcu, intelRar, intelRarRcu } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'

for (const policy of [amdInvlpgb, amdInvlpgbRcu, intelRar, intelRarRcu])
  describePolicy(policy, { runs: 20_000 })
