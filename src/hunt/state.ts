/** How far a hunt has come: what it is resumed from. Seconds are those of all sessions together. */
import { z } from 'zod'
import { Verified, verifiedSchema } from '../verify/verified.ts'
import { Searched, searchedSchema } from './searched.ts'

/** Sampled: random runs, and small workloads enumerated behind them. Enumerated: all workloads, all schedules. */
export type How = 'sampled' | 'enumerated'

export const huntStateSchema = z.strictObject({
  how: z.enum(['sampled', 'enumerated']).optional(),
  seconds: z.number().min(0),
  searched: searchedSchema,
  verified: verifiedSchema,
})

export class HuntState {
  /** Absent before it is decided. */
  how: How | undefined
  seconds = 0
  searched = new Searched()
  /** What was enumerated: all, or the small workloads behind random search. */
  verified = new Verified()

  write(): z.infer<typeof huntStateSchema> {
    const { how, seconds, searched, verified } = this
    return { ...(how && { how }), seconds, searched: searched.write(), verified: verified.write() }
  }

  static read({ how, seconds, searched, verified }: z.infer<typeof huntStateSchema>): HuntState {
    return Object.assign(new HuntState(), {
      how,
      seconds,
      searched: Searched.read(searched),
      verified: Verified.read(verified),
    })
  }
}
