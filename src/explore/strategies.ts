/** The strategies by name. To add one: write its file, add its line. */
import { lookup } from '../engine/lookup.ts'
import { fail } from '../errors.ts'
import { delayBounded } from './delay-bounded.ts'
import { feedback } from './feedback.ts'
import { pct } from './pct.ts'
import { portfolio } from './portfolio.ts'
import { pos } from './pos.ts'
import { preemptionBounded } from './preemption-bounded.ts'
import { randomWalk } from './random-walk.ts'
import { surw } from './surw.ts'
import type { Strategy } from './strategy.ts'

/** `length` is the k of PCT, in steps: learned from the runs where it is not given. */
export const strategies = lookup<(seed: number, length?: number) => Strategy>({
  portfolio: (seed, length) => portfolio(seed, undefined, length),
  feedback,
  pct: (seed, length) => pct(seed, undefined, length),
  pos,
  surw,
  delay: (seed) => delayBounded(seed),
  preemption: (seed) => preemptionBounded(seed),
  random: randomWalk,
})

export function strategyNamed(name: string, seed: number, length?: number): Strategy {
  const make = strategies[name]
  if (make === undefined)
    throw fail.badOption('--strategy', name, `one of ${Object.keys(strategies).join(', ')}`)
  return make(seed, length)
}
