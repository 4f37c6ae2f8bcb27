/** Policies that flush by IPI: interrupts off holds the flush off, and the tables of a lockless walker alive. */
import { nativeIpi, nativeRcu } from '../src/index.ts'
import { describePolicy } from '../src/vitest/index.ts'
import { unlessThorough } from '../test/thorough.ts'

describePolicy(nativeIpi, { runs: 5_000 })
describePolicy(nativeRcu, { runs: 5_000, ...unlessThorough })
