/** Broken rules of interrupts: when they are held off, whether they get lost, what IRET gives back; NMIs, HLT, INIT. */
import {
  INTERRUPT,
  NMI,
  NMI_ARRIVES,
  SIGNAL,
  detailOf,
  kindOf,
  whoOf,
} from '../../../src/scenario/transition.ts'
import {
  applying,
  instead,
  keeping,
  nothing,
  sparing,
  waitsFor,
  withholding,
  wordsOf,
  type Breakage,
} from '../breaking.ts'
import { asTold, broken } from './rule.ts'

const isNmi = (t: number): boolean =>
  kindOf(t) === NMI_ARRIVES || (kindOf(t) === SIGNAL && detailOf(t) === NMI)

/** A second IPI of a vector stays pending behind the first: a bit of its own, which nobody else looks at. */
const SECOND = 4
const counted: Breakage = (world) => {
  const { machine } = world
  const { S, pending, config } = machine
  instead('send IPI', (before) => (v, target, vector, c) => {
    if (S[pending + target] & (1 << vector)) S[pending + target] |= 1 << (vector + SECOND)
    return before(v, target, vector, c)
  })(world)
  applying(INTERRUPT, (t, before) => {
    const second = 1 << (detailOf(t) + SECOND)
    before()
    if (S[pending + whoOf(t)] & second) S[pending + whoOf(t)] ^= second | (1 << detailOf(t))
  })(world)
  const enabled = world.enabled.bind(world)
  world.enabled = (out) => {
    const words = Array.from({ length: config.vcpus }, (_, v) => pending + v)
    const kept = words.map((at) => S[at])
    for (const at of words) S[at] &= (1 << SECOND) - 1
    const count = enabled(out)
    words.forEach((at, i) => (S[at] = kept[i]))
    return count
  }
}

/** What the field says is not so when it is asked for what can be taken. */
const forgetting =
  (name: 'deliverable' | 'takesNmi', ...fields: readonly ('walk' | 'latch')[]): Breakage =>
  (world) => {
    const { machine } = world
    const { interrupts } = world.parts
    const before = interrupts[name].bind(interrupts) as (v: number) => number
    const forgetful = (v: number): number => {
      const words = fields.map((field) => (field === 'latch' ? machine.caches.latch : machine.walk) + v)
      return keeping(machine, words, () => {
        for (const at of words) machine.S[at] = 0
        return before(v)
      })
    }
    Object.assign(interrupts, { [name]: forgetful })
  }

/** IRET gives back what `flag` makes of the IF that it should give back. */
const returning =
  (flag: (flag: number) => number): Breakage =>
  (world) => {
    const { interrupts } = world.parts
    const iret = interrupts['iret'].bind(interrupts)
    interrupts['iret'] = (v, given) => iret(v, flag(given))
  }

export const interrupts = [
  asTold('CLI does nothing'),
  broken('STI does nothing', nothing('sti')),
  broken(
    'a vector that is held off by IF is lost',
    instead(
      'send IPI',
      (before, m) =>
        (v, target, ...rest) =>
          m.S[m.interruptFlag + target] === 0 ? 0 : before(v, target, ...rest),
    ),
  ),
  broken(
    'of two vectors that are held off one is lost',
    instead(
      'send IPI',
      (before, m) => (v, target, vector, c) =>
        m.S[m.pending + target] & ~(1 << vector) ? 0 : before(v, target, vector, c),
    ),
  ),
  broken('IPIs of one vector do not collapse', counted),
  broken(
    'an IPI reaches its own CPU alone',
    instead('send IPI', (before) => (v, _target, vector, c) => before(v, v, vector, c)),
  ),
  broken(
    'an interrupt stays pending when it is taken',
    applying(INTERRUPT, (t, before, { machine: { S, pending } }) => {
      const was = S[pending + whoOf(t)]
      before()
      S[pending + whoOf(t)] = was
    }),
  ),
  broken(
    'an interrupt handler begins with IF set',
    applying(INTERRUPT, (t, before, { machine: { S, interruptFlag } }) => {
      before()
      S[interruptFlag + whoOf(t)] = 1
    }),
  ),
  broken('an interrupt is taken in the middle of an access', forgetting('deliverable', 'walk', 'latch')),
  broken(
    'IRET does not give back IF: of two vectors one is never taken',
    returning(() => 0),
  ),
  broken(
    'IRET of an NMI sets IF',
    returning(() => 1),
  ),
  broken('IRET drops the TLB', (world) => {
    const { interrupts } = world.parts
    const iret = interrupts['iret'].bind(interrupts)
    interrupts['iret'] = (v, flag) => {
      iret(v, flag)
      for (const at of wordsOf(world.machine, 'TLB')) world.machine.S[at] = 0
    }
  }),
  broken(
    'NMIs are masked by IF',
    withholding((t, { machine }) => isNmi(t) && machine.S[machine.interruptFlag + whoOf(t)] === 0),
  ),
  broken('an NMI is taken in the middle of an access', forgetting('takesNmi', 'walk', 'latch')),
  broken('an NMI interrupts the handler of another', (world) => {
    const { interrupts } = world.parts
    interrupts.takesNmi = () => true
  }),
  broken(
    'an NMI that a CPU sends is lost while IF of its target is clear',
    instead(
      'send NMI',
      (before, m) =>
        (v, target, ...rest) =>
          m.S[m.interruptFlag + target] === 0 ? 0 : before(v, target, ...rest),
    ),
  ),
  broken(
    'STI casts no shadow',
    instead('sti', (before, m) => (v, ...args) => {
      const result = before(v, ...args)
      if (m.events.shadow >= 0) m.S[m.events.shadow + v] = 0
      return result
    }),
  ),
  broken('HLT waits for nothing', waitsFor('woken')),
  broken('HLT is woken by nothing', (world) => {
    world.parts.interrupts['wake'] = () => {}
  }),
  broken(
    'a handler is interrupted by its own vector',
    applying(INTERRUPT, (t, before, { machine: { S, events } }) => {
      before()
      if (events.inService >= 0) S[events.inService + whoOf(t)] = 0
    }),
  ),
  broken('a CPU that waits for a SIPI keeps its TLB', sparing('go offline', 'TLB')),
  broken('a CPU that waits for a SIPI keeps its address space', sparing('go offline', 'CR3')),
  broken('a CPU that waits for a SIPI keeps IF', sparing('go offline', 'IF')),
  broken('what is sent to a CPU that is offline waits for it', ({ machine }) => {
    const isOffline = machine.isOffline.bind(machine)
    for (const name of ['send IPI', 'send NMI'])
      instead(name, (before) => (...args) => {
        machine.isOffline = () => false
        const result = before(...args)
        machine.isOffline = isOffline
        return result
      })({ machine } as Parameters<Breakage>[0])
  }),
  broken(
    'a SIPI is lost that comes before its CPU waits for it',
    instead(
      'start CPU',
      (before, m) =>
        (v, target, ...rest) =>
          m.isOffline(target) ? before(v, target, ...rest) : 0,
    ),
  ),
]
