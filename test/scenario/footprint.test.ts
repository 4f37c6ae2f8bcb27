/** What transitions of a world touch: a change of a page table or of a policy's word is at the word that was named. */
import { describe, expect, it } from 'vitest'
import { conflict, EVERYTHING, isWrite, wordOf } from '../../src/engine/footprint.ts'
import { Random } from '../../src/engine/random.ts'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { policies } from '../../src/policies/index.ts'
import type { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from '../explore/quiet.ts'

const worldOf = (name: string): World =>
  new Worlds(
    policies.find((each) => each.name === name)!,
    quiet({ speculation: 1 }),
  ).at([
    [{ op: 'munmap', page: 0 }],
    [
      { op: 'gup_fast', page: 0 },
      { op: 'read', page: 0 },
    ],
  ])

/** Random runs; `look` is called before each transition, and with what it changed after it. */
function walk(
  world: World,
  look: (enabled: Int32Array, picked: number, change: () => number[]) => void,
): void {
  const random = new Random(7)
  const out = new Int32Array(MAX_ENABLED)
  for (let run = 0; run < 150; run++) {
    world.reset()
    for (;;) {
      const count = world.enabled(out)
      if (world.progress === 0 || world.violation !== undefined) break
      const picked = out[random.below(count)]
      const before = world.state.slice()
      look(out.slice(0, count), picked, () => {
        world.apply(picked)
        return [...world.state.keys()].filter((word) => world.state[word] !== before[word])
      })
    }
  }
}

describe.each(['native-ipi', 'hyperv-list', 'static-key'])('under %s', (name) => {
  it('an entry of a table is changed by nobody who says that it touches something else', () => {
    const world = worldOf(name)
    const { entries, tableFrames, config } = world.machine
    const end = entries + tableFrames.length * config.entries
    let changes = 0
    walk(world, (_, picked, change) => {
      const footprint = world.footprint(picked)
      // What is joined to the acquisition of a lock is done under it: the lock is what others meet at.
      const isLocked =
        footprint >= 0 && isWrite(footprint) && world.names.word(wordOf(footprint)).includes('lock')
      for (const word of change().filter((each) => each >= entries && each < end)) {
        changes++
        if (footprint !== EVERYTHING && !isLocked) expect(wordOf(footprint)).toBe(word)
      }
    })
    expect(changes).toBeGreaterThan(100)
  })

  it('some steps of different CPUs conflict, and some do not', () => {
    const world = worldOf(name)
    const seen = { conflicts: 0, commutes: 0 }
    walk(world, (enabled, _, change) => {
      for (const a of enabled) {
        for (const b of enabled) {
          if (world.actor(a) >= world.actor(b)) continue
          const [first, second] = [world.footprint(a), world.footprint(b)]
          if (first === EVERYTHING || second === EVERYTHING) continue
          seen[conflict(first, second) ? 'conflicts' : 'commutes']++
        }
      }
      change()
    })
    expect(seen.conflicts).toBeGreaterThan(20)
    expect(seen.commutes).toBeGreaterThan(1000)
  })
})

it('the abstraction is the same for the same state, and has many values', () => {
  const world = worldOf('hyperv-list')
  const seen = new Map<string, number>()
  walk(world, (_enabled, _picked, change) => {
    change()
    const state = world.state.join()
    expect(world.abstraction()).toBe(seen.get(state) ?? world.abstraction())
    seen.set(state, world.abstraction())
  })
  expect(new Set(seen.values()).size).toBeGreaterThan(seen.size / 20)
  expect(new Set(seen.values()).size).toBeLessThan(seen.size)
})
