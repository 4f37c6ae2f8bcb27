/** Uniform random walk: every enabled transition is equally likely. */
import { Random } from '../engine/random.ts'
import type { Strategy } from './strategy.ts'

export function randomWalk(seed: number): Strategy {
  const random = new Random(seed)
  return {
    name: 'random',
    begin: () => {},
    choose: (_enabled, count) => (count === 1 ? 0 : random.below(count)),
    end: () => {},
  }
}
