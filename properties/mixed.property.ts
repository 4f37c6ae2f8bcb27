/**
 * Policies that flush by IPI at times and by hypercall at others. The static keys have an operation of their own, which
 * multiplies their workloads; they are verified here without speculation, and with it by `npx shootdown verify`.
 */
import { serializationFlag, serializationFlagCollapse, staticKey, staticKeyEarly } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'
import { some, unlessThorough } from '../test/thorough.ts'

for (const policy of some([serializationFlag, serializationFlagCollapse], 1))
  describePolicy(policy, { runs: 5_000, ...unlessThorough })
for (const policy of some([staticKeyEarly, staticKey], 1))
  describePolicy(policy, { runs: 5_000, bounds: { speculation: 0 } })
