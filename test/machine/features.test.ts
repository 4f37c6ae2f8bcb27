/** Features: off they leave no trace in bounds, on they are told, and some of them need others. */
import { expect, it } from 'vitest'
import { machineConfig } from '../../src/machine/config.ts'
import { featuresOn, featuresSchema, noFeatures, tellFeatures } from '../../src/machine/features.ts'
import { Machine } from '../../src/machine/machine.ts'
import { defaultBounds, makeBounds, tellBounds } from '../../src/scenario/bounds.ts'

it('every feature has a default and a sentence', () => {
  expect(Object.keys(noFeatures).toSorted()).toEqual(Object.keys(featuresSchema.shape).toSorted())
  const others = Object.fromEntries(
    Object.entries(noFeatures).map(([name, value]) => [name, typeof value === 'boolean' ? !value : 2]),
  )
  expect(tellFeatures(others)).toHaveLength(Object.keys(noFeatures).length)
  expect(tellFeatures(others).every((sentence) => sentence.length > 3)).toBe(true)
})

it('one that is off is not mentioned in bounds, one that is on is', () => {
  expect(makeBounds({ pcids: 0, globals: false })).toEqual(defaultBounds)
  expect(featuresOn({ ...noFeatures, globals: true })).toEqual({ globals: true })
  expect(tellBounds(makeBounds({ globals: true, spare: 1 }))).toContain('global pages, 1 spare frame')
})

it('one that is off takes no room in the state', () => {
  const words = (features: object): number =>
    new Machine(machineConfig({ levels: 4, ...features })).layout.size
  const plain = words({})
  expect(words(noFeatures)).toBe(plain)
  for (const feature of [{ pcids: 2 }, { globals: true }, { protection: true }, { contents: true }])
    expect(words(feature)).toBeGreaterThan(plain)
})

it('PCIDs bring 4-level paging along, and are refused without it', () => {
  expect(machineConfig({ pcids: 2 }).levels).toBe(4)
  expect(makeBounds({ pcids: 2 }).levels).toBe(4)
  expect(machineConfig({ pcids: 2, levels: 5 }).levels).toBe(5)
  expect(() => machineConfig({ pcids: 2, levels: 3 })).toThrow(
    'machine.levels is 3; expected 4 or 5 where there are PCIDs: CR4.PCIDE needs 4-level paging.',
  )
})

it('device-TLBs need devices', () => {
  expect(() => machineConfig({ deviceTlbs: true })).toThrow(
    'machine.deviceTlbs is true; expected false, because the machine has no devices.',
  )
})

it('stale reads are excused in machines without EPT', () => {
  expect(() => machineConfig({ staleReads: true, ept: 1 })).toThrow(
    'machine.staleReads is true; expected false with "ept": what the host does to a frame ends no excuse of its guest.',
  )
})
