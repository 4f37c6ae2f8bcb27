/** Broken rules of the IOMMU: what it drops, when it answers, and what it lets through. */
import type { Iommu } from '../../../src/machine/iommu.ts'
import type { Machine } from '../../../src/machine/machine.ts'
import { keeping, nothing, sparing, undrained, waitsFor, wordsOf, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

/** The IOMMU takes a descriptor in another way. */
const processing =
  (process: (before: () => void, m: Machine, iommu: Iommu) => void): Breakage =>
  ({ machine, devices }) => {
    if (devices === undefined) return
    const { iommu } = devices
    const before = iommu.process.bind(iommu)
    iommu.process = () => process(before, machine, iommu)
  }
const processSparing = (...fields: readonly string[]): Breakage =>
  processing((before, m) => {
    const words = fields.flatMap((field) => wordsOf(m, field))
    keeping(m, words, () => (before(), 0))
  })

/** The descriptor at the head of the queue and the one behind it, by the words that hold them. */
function firstTwo(m: Machine): { fields: number[][]; two: boolean } {
  const [head] = wordsOf(m, 'IOMMU queue head')
  const [tail] = wordsOf(m, 'IOMMU queue tail')
  const queue = wordsOf(m, 'IOMMU queue')
  const places = [m.S[head], (m.S[head] + 1) % queue.length]
  return {
    fields: ['IOMMU queue', 'IOMMU status address'].map((field) => {
      const words = wordsOf(m, field)
      return places.map((place) => words[place])
    }),
    two: (m.S[tail] + queue.length - m.S[head]) % queue.length >= 2,
  }
}

export const iommu = [
  broken(
    'an invalidation drops nothing',
    processSparing('TLB', 'paging-structure cache', 'walk', 'walk pointer'),
  ),
  broken('an invalidation leaves the IOTLB', processSparing('TLB')),
  broken(
    'an invalidation leaves the paging-structure caches of a device',
    processSparing('paging-structure cache'),
  ),
  broken('an invalidation lets a walk in flight go on', processSparing('walk', 'walk pointer', 'walk page')),
  broken(
    'an invalidation of leaf entries drops all that is cached',
    processing((before, m) => {
      before()
      for (const at of wordsOf(m, 'paging-structure cache')) m.S[at] = 0
    }),
  ),
  broken('an invalidation is about every space', ({ machine: { S, config, cr3 }, devices }) => {
    if (devices === undefined) return
    const { iommu } = devices
    const names = iommu['names'].bind(iommu)
    iommu['names'] = (descriptor, walker, mask) => {
      const own = S[cr3 + walker]
      const named = Array.from({ length: config.spaces }, (_, space) => {
        S[cr3 + walker] = space
        return names(descriptor, walker, mask)
      })
      S[cr3 + walker] = own
      return named.includes(true)
    }
  }),
  broken(
    'an invalidation of the IOTLB reaches device-TLBs',
    processing((before, m) => {
      before()
      if (m.config.deviceTlbs) for (const at of wordsOf(m, 'TLB').slice(-m.config.pages.length)) m.S[at] = 0
    }),
  ),
  broken(
    'an invalidation of a device-TLB reaches the IOTLB',
    processing((before, m) => {
      before()
      if (!m.config.deviceTlbs) return
      const { length } = m.config.pages
      for (const at of wordsOf(m, 'TLB').slice(-2 * length, -length)) m.S[at] = 0
    }),
  ),
  broken(
    'an invalidation of a device-TLB does nothing',
    processing((before, m) => {
      const own = m.config.deviceTlbs ? wordsOf(m, 'TLB').slice(-m.config.pages.length) : []
      keeping(m, own, () => (before(), 0))
    }),
  ),
  broken(
    'an invalidation is done before accesses that were translated have reached memory',
    ({ machine, devices }) => {
      if (devices === undefined) return
      const [head] = wordsOf(machine, 'IOMMU queue head')
      const [tail] = wordsOf(machine, 'IOMMU queue tail')
      devices.iommu.canProcess = () => machine.S[head] !== machine.S[tail]
    },
  ),
  broken(
    'a wait overtakes the invalidation before it',
    processing((before, m) => {
      const { fields, two } = firstTwo(m)
      if (two) for (const [first, second] of fields) [m.S[first], m.S[second]] = [m.S[second], m.S[first]]
      before()
    }),
  ),
  broken('the queue takes descriptors that it has no room for', waitsFor('submit to IOMMU')),
  broken('a submission overtakes the stores before it', undrained('submit to IOMMU')),
  broken('a descriptor is lost that is submitted to the queue of the IOMMU', nothing('submit to IOMMU')),
  broken('attaching a device leaves what was cached for it', sparing('attach device', 'TLB')),
  broken('attaching a device changes nothing', sparing('attach device', 'CR3')),
]
