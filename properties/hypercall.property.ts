/** Policies that flush by hypercall: tables have to be kept alive by something else. */
import { hypervList, hypervRcu, hypervSpace, rcuNoFallback, xenPv, xenRcu } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'
import { unlessThorough } from '../test/thorough.ts'

for (const policy of [hypervList, hypervSpace, xenPv, hypervRcu, xenRcu, rcuNoFallback])
  describePolicy(policy, { runs: 5_000, ...unlessThorough })
