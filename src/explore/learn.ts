/** Packers fitted to a system: what the words of its states hold is learned from a few random walks. */
import { Packer } from '../engine/pack.ts'
import { Random } from '../engine/random.ts'
import { MAX_ENABLED, type System } from '../engine/system.ts'

const SAMPLE_WALKS = 64
/** Steps of a walk, at most; longer ones teach nothing new. */
const SAMPLE_STEPS = 1000
/** ... and of all walks together: those of a system that never ends would be long. */
const ALL_STEPS = 8192

/** A packer fitted to the states that a few random walks go through. */
export function learn(system: System): Packer {
  const random = new Random(1)
  const enabled = new Int32Array(MAX_ENABLED)
  system.reset()
  return new Packer(system.state, (offer) => {
    let left = ALL_STEPS
    for (let i = 0; i < SAMPLE_WALKS && left > 0; i++) {
      system.reset()
      for (let step = 0; step < SAMPLE_STEPS && left > 0 && system.violation === undefined; step++) {
        left--
        offer(system.state)
        const count = system.enabled(enabled)
        if (system.progress === 0) break
        system.apply(enabled[random.below(count)])
      }
      offer(system.state)
    }
  })
}

const packers = new WeakMap<System, Packer>()

/** The packer of a system at its beginning, which goes on learning from one search to the next. */
export function packerFor(system: System): Packer {
  let packer = packers.get(system)
  if (packer === undefined) packers.set(system, (packer = learn(system)))
  system.reset()
  packer.from(system.state)
  return packer
}
