/** The programs of the calibration, with what is published of them. */
import { account } from './account.ts'
import { bluetoothDriver } from './bluetooth-driver.ts'
import { lazy01 } from './lazy01.ts'
import type { Program, Published } from './program.ts'
import { qsort } from './qsort.ts'
import { reorder } from './reorder.ts'
import { stringbuffer } from './stringbuffer.ts'
import { tokenRing } from './token-ring.ts'
import { twostage } from './twostage.ts'
import { workStealingQueue } from './work-stealing-queue.ts'
import { wronglock } from './wronglock.ts'

export interface Entry {
  readonly program: Program
  readonly published?: Published
}

/** Infinity: not found. */
export const programs: readonly Entry[] = [
  { program: account, published: { pos: 1, pct: 8.6, feedback: 1 } },
  { program: wronglock(7), published: { pos: 1, pct: 88, feedback: 1 } },
  { program: wronglock(3) },
  { program: lazy01 },
  { program: tokenRing, published: { pos: 7, pct: 7.7, feedback: 5.1 } },
  { program: bluetoothDriver, published: { pos: 72, pct: 161, feedback: 45 } },
  { program: twostage(2), published: { pos: 14.6, pct: 8.9, feedback: 8.2 } },
  { program: twostage(20), published: { pos: 185, pct: 188, feedback: 21.7 } },
  { program: reorder(3), published: { pos: 223, pct: 241, feedback: 6.7 } },
  { program: reorder(5), published: { pos: 4377, pct: 1126, feedback: 5.8 } },
  { program: reorder(10), published: { pos: Infinity, pct: 2356, feedback: 5.8 } },
  { program: reorder(20) },
  { program: stringbuffer, published: { pos: 17.8, pct: 195, feedback: 15.4 } },
  { program: workStealingQueue, published: { pos: 10.1, pct: 12.1, feedback: 10.1 } },
  { program: qsort, published: { pos: 646, pct: 3838, feedback: 322 } },
]
