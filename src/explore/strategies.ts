/** The strategies by name. To add one: write its file, add its line. */
import { lookup } from '../engine/lookup.ts'
import { fail } from '../errors.ts'
import { pct } from './pct.ts'
import { defaultMembers, portfolio } from './portfolio.ts'
import { randomWalk } from './random-walk.ts'
import type { Strategy } from './strategy.ts'

/** `length` is the k of PCT, in steps: learned from the runs where it is not given. */
export const strategies = lookup<(seed: number, length?: number) => Strategy>({
  portfolio: (seed, length) => portfolio(seed, defaultMembers(seed, length)),
  random: randomWalk,
  pct: (seed, length) => pct(seed, undefined, length),
})

export function strategyNamed(name: string, seed: number, length?: number): Strategy {
  const make = strategies[name]
  if (make === undefined)
    throw fail.badOption('--strategy', name, `one of ${Object.keys(strategies).join(', ')}`)
  return make(seed, length)
}
