/** Policies that are plainly wrong: whatever looks for races must catch them. */
import { flushBeforeUnhook, flushNobody, freeBeforeAck } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'

for (const policy of [flushNobody, flushBeforeUnhook, freeBeforeAck])
  describePolicy(policy, { runs: 5_000, bounds: { speculation: 0 } })
