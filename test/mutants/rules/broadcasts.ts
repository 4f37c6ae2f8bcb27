/** Broken rules of INVLPGB and TLBSYNC, and of Remote Action Requests. */
import { RAR_SUCCESS } from '../../../src/machine/events.ts'
import { broadcastAt, broadcastPlaces, deliverBroadcast } from '../../../src/machine/broadcast.ts'
import { encodeOperand } from '../../../src/machine/operand.ts'
import { BROADCAST, RAR, SIGNAL, detailOf, kindOf, whoOf } from '../../../src/scenario/transition.ts'
import {
  applying,
  both,
  instead,
  keeping,
  nothing,
  sparing,
  undrained,
  waitsFor,
  withholding,
  wordsOf,
  type Breakage,
} from '../breaking.ts'
import { broken } from './rule.ts'

/** What an instruction has in flight. */
const FLIGHT = ['walk', 'walk pointer', 'walk page', 'translation in use']

/** A broadcast arrives and leaves these fields as they were. */
const arrivalSparing = (...fields: readonly string[]): Breakage =>
  applying(BROADCAST, (_t, before, { machine }) => {
    const words = fields.flatMap((field) => wordsOf(machine, field))
    keeping(machine, words, () => (before(), 0))
  })

/** INVLPGB has another operand than it was given. */
const operand = (make: (given: number) => number): Breakage =>
  instead('INVLPGB', (before) => (v, given, b, c) => before(v, make(given), b, c))
/** Bits of an operand, as the difference that they make. */
const NOTHING = encodeOperand({})
const GLOBAL = encodeOperand({ global: true }) ^ NOTHING
const FINAL = encodeOperand({ final: true }) ^ NOTHING

/** An INVLPGB that finds no room takes that of the first. */
const overwriting: Breakage = both(
  waitsFor('INVLPGB'),
  instead('INVLPGB', (before, m) => (...args) => {
    const { pcpus, invlpgb } = m.config
    const slots = Array.from({ length: invlpgb }, (_, slot) => {
      const first = ((m.S[m.on + args[0]] - 1) * invlpgb + slot) * pcpus
      return wordsOf(m, 'INVLPGB').slice(first, first + pcpus)
    })
    if (slots.every((words) => words.some((at) => m.S[at] !== 0))) for (const at of slots[0]) m.S[at] = 0
    return before(...args)
  }),
)

export const broadcasts = [
  broken('INVLPGB is done at once everywhere', (world) =>
    instead('INVLPGB', (before, m) => (...args) => {
      before(...args)
      for (let place = 0; place < broadcastPlaces(m); place++)
        for (let pcpu = 0; pcpu < m.config.pcpus; pcpu++)
          if (broadcastAt(m, place, pcpu) !== 0) deliverBroadcast(m, place, pcpu)
      return 0
    })(world),
  ),
  broken(
    'INVLPGB misses a CPU',
    applying(BROADCAST, (t, before, { machine }) => {
      const fields = whoOf(t) === 1 ? ['TLB', 'paging-structure cache', ...FLIGHT] : []
      keeping(
        machine,
        fields.flatMap((field) => wordsOf(machine, field)),
        () => (before(), 0),
      )
    }),
  ),
  broken(
    'INVLPGB is held off by IF',
    withholding(
      (t, { machine }) => kindOf(t) === BROADCAST && machine.S[machine.interruptFlag + whoOf(t)] === 0,
    ),
  ),
  broken('INVLPGB leaves the walk that its target has in flight', arrivalSparing(...FLIGHT)),
  broken('INVLPGB leaves paging-structure caches', arrivalSparing('paging-structure cache')),
  broken(
    'INVLPGB drops everything, whatever it names',
    operand(() => NOTHING | GLOBAL),
  ),
  broken(
    'INVLPGB always leaves global translations',
    operand((given) => given & ~GLOBAL),
  ),
  broken(
    'INVLPGB always drops global translations',
    operand((given) => given | GLOBAL),
  ),
  broken(
    'INVLPGB of final translations drops upper-level entries',
    operand((given) => given & ~FINAL),
  ),
  broken('INVLPGB overwrites one that is on its way', overwriting),
  broken('TLBSYNC waits for nothing', waitsFor('TLBSYNC')),
  broken(
    'TLBSYNC waits for what other CPUs have issued',
    waitsFor('TLBSYNC', (m) => () => wordsOf(m, 'INVLPGB').every((at) => m.S[at] === 0)),
  ),

  broken(
    'a RAR signal is served only while IF is set',
    withholding(
      (t, { machine }) =>
        kindOf(t) === SIGNAL && detailOf(t) === RAR && machine.S[machine.interruptFlag + whoOf(t)] === 0,
    ),
  ),
  broken('a RAR signal is lost', nothing('send RAR')),
  broken('a RAR signal overtakes the stores before it', undrained('send RAR')),
  broken('RAR says SUCCESS and drops nothing', sparing('RAR serve', 'TLB', 'paging-structure cache')),
  broken('RAR leaves paging-structure caches', sparing('RAR serve', 'paging-structure cache')),
  broken(
    'RAR finds every action PENDING',
    instead('RAR look', () => () => 1),
  ),
  broken(
    'RAR says SUCCESS of a payload that is no request',
    instead('RAR serve', (before, m) => (v, slot, ...rest) => {
      const result = before(v, slot, ...rest)
      m.S[m.events.actions[v][slot].at] = RAR_SUCCESS
      return result
    }),
  ),
  broken(
    'RAR looks at the action of its first payload alone',
    instead(
      'RAR look',
      (before) =>
        (v, slot, ...rest) =>
          slot === 0 ? before(v, slot, ...rest) : RAR_SUCCESS,
    ),
  ),
]
