/** Policies whose flush needs no interrupt: INVLPGB, and Remote Action Requests. */
import { amdInvlpgb, amdInvlpgbRcu, intelRar, intelRarRcu } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'
import { unlessThorough } from '../test/thorough.ts'

for (const policy of [amdInvlpgb, amdInvlpgbRcu, intelRar, intelRarRcu])
  describePolicy(policy, { runs: 5_000, ...unlessThorough })
