/** What calibration runs: a small program of the literature with a known bug, written anew for this engine. */
import type { Protocol } from '../../src/protocol/index.ts'

export interface Program {
  /** Its name in SCTBench. */
  readonly name: string
  build(): Protocol
}
