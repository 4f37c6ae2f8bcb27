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

export const strategies = lookup<(seed: number) => Strategy>({
  portfolio: (seed) => portfolio(seed),
  feedback,
  pct: (seed) => pct(seed),
  pos,
  surw,
  delay: (seed) => delayBounded(seed),
  preemption: (seed) => preemptionBounded(seed),
  random: randomWalk,
})

export function strategyNamed(name: string, seed: number): Strategy {
  const make = strategies[name]
  if (make === undefined)
    throw fail.badOption('--strategy', name, `one of ${Object.keys(strategies).join(', ')}`)
  return make(seed)
}
