/** Policies that flush by IPI at times and by hypercall at others. */
import { serializationFlag, serializationFlagCollapse, staticKey, staticKeyEarly } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'

for (const policy of [serializationFlag, serializationFlagCollapse, staticKey, staticKeyEarly])
  describePolicy(policy)
