/** Broken rules of VPIDs and EPT: which invalidation reaches which kind of mapping. */
import { EPT_D } from '../../../src/machine/ept-entry.ts'
import { alsoDropping, instead, nothing, sparing, wordsOf, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

const MAPPINGS = 'guest-physical mapping'
const all = (): boolean => true

/** A rule is broken where there are EPTs, or where there are none. */
const withEpt =
  (nested: boolean, breakage: Breakage): Breakage =>
  (world) => {
    if (world.machine.config.ept > 0 === nested) breakage(world)
  }

export const nested = [
  ...['INVLPG', 'INVPCID', 'MOV CR3', 'write control bits'].map((name) =>
    broken(
      `${name} drops what every VPID has cached`,
      instead(name, (before, m) => {
        const words = wordsOf(m, 'TLB')
        return (...args) => {
          const result = before(...args)
          if (m.config.vpids > 0) for (const at of words) m.S[at] = 0
          return result
        }
      }),
    ),
  ),
  broken('INVLPG drops guest-physical mappings', alsoDropping('INVLPG', MAPPINGS, all)),
  broken('INVVPID drops guest-physical mappings', alsoDropping('INVVPID', MAPPINGS, all)),
  broken('INVVPID does nothing', nothing('INVVPID')),
  broken(
    'INVVPID is about every VPID',
    instead('INVVPID', (before) => (v, _type, _vpid, page) => before(v, 2, 0, page)),
  ),
  broken(
    'INVVPID that retains global translations does not',
    instead('INVVPID', (before) => (v, type, vpid, page) => before(v, type === 3 ? 1 : type, vpid, page)),
  ),
  broken('INVEPT does nothing', nothing('INVEPT')),
  broken('INVEPT leaves guest-physical mappings', sparing('INVEPT', MAPPINGS)),
  broken('INVEPT leaves combined mappings', sparing('INVEPT', 'TLB')),
  broken('INVEPT drops linear mappings', withEpt(false, alsoDropping('INVEPT', 'TLB', all))),
  broken(
    'INVEPT is about every EPT',
    instead('INVEPT', (before) => (v, _type, view, c) => before(v, 2, view, c)),
  ),
  broken('VM exit drops guest-physical mappings', (world) => {
    const { machine } = world
    const { host } = world.parts
    const exit = host.exit.bind(host)
    host.exit = (v) => {
      exit(v)
      for (const at of wordsOf(machine, MAPPINGS)) machine.S[at] = 0
    }
  }),
  broken(
    'a walk does not make the guest tables dirty that it reads',
    instead('EPT walk', (before, m) => {
      const entries = wordsOf(m, 'EPT entry')
      return (...args) => {
        const was = entries.map((at) => m.S[at] & EPT_D)
        const result = before(...args)
        entries.forEach((at, i) => (m.S[at] = (m.S[at] & ~EPT_D) | was[i]))
        return result
      }
    }),
  ),
]
