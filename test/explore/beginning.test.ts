/** What was learned of a system is good until the system is another, or begins otherwise. */
import { expect, it } from 'vitest'
import { Beginning } from '../../src/explore/beginning.ts'
import { Memo } from '../../src/explore/memo.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from './quiet.ts'
import { counters, philosophers } from './tiny.ts'

it('a system is new once', () => {
  const beginning = new Beginning()
  const [first, second] = [counters(2, 2), philosophers(2)]
  expect([first, first, second, second, first].map((system) => beginning.isNew(system))).toEqual([
    true,
    false,
    true,
    false,
    true,
  ])
})

it('a memory of a system is that system', () => {
  const beginning = new Beginning()
  const system = counters(2, 2)
  expect(beginning.isNew(system)).toBe(true)
  expect(beginning.isNew(new Memo(system))).toBe(false)
})

it('a world with another workload is new', () => {
  const beginning = new Beginning()
  const worlds = new Worlds(nativeIpi, quiet())
  const world = worlds.at([[{ op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }]])
  expect(world).toBeInstanceOf(World)
  expect([beginning.isNew(world), beginning.isNew(world)]).toEqual([true, false])
  expect(worlds.at([[{ op: 'munmap', page: 0 }], [{ op: 'write', page: 0 }]])).toBe(world)
  expect(beginning.isNew(world)).toBe(true)
})
