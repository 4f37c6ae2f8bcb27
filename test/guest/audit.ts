/** Looks at a world where nobody is doing anything and says what is wrong with its bookkeeping, if anything is. */
import { frameOf, isLarge, isPresent } from '../../src/machine/entry.ts'
import {
  DATA,
  DYING,
  FREE,
  KIND,
  PIN_MASK,
  REF,
  REF_MASK,
  REUSED,
  SUPERSEDED,
  TABLE,
} from '../../src/machine/frame-word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { variable } from '../../src/machine/word.ts'
import type { Drive } from '../machine/drive.ts'

/** Everything that should be so once all operations are over: an empty list if it is. */
export function audit(d: Drive): string[] {
  const { m, S } = d
  const wrong: string[] = []
  const zero = [
    'mmap_lock',
    'is_lazy',
    'pending IPIs',
    'rcu grace period',
    'rcu nesting',
    'rcu callback',
    'walk',
    'walk pointer',
    'software walk',
    'kick pending',
  ]
  for (const field of zero)
    if (d.words(field).some((word) => word !== 0)) wrong.push(`${field} is ${d.words(field).join()}`)
  for (const { name } of m.layout.fields) {
    if (name.startsWith('call CPU') && d.words(name).some((word) => word !== 0))
      wrong.push(`${name} is not empty`)
  }
  if (d.words('IF').includes(0)) wrong.push('interrupts are off')

  // What the tables lead to is in use; what they do not lead to is free.
  const tables = new Set<number>()
  const pages = new Set<number>()
  const visit = (table: number, level: number): void => {
    tables.add(table)
    for (let i = 0; i < m.config.entries; i++) {
      const word = S[m.entryAt(table, 1, 0) + i]
      if (!isPresent(word)) continue
      if (level === 1 || isLarge(word)) pages.add(frameOf(word))
      else visit(frameOf(word), level - 1)
    }
  }
  for (const root of m.geometry.roots) visit(root, m.config.levels)
  for (let frame = 1; frame <= m.geometry.frames; frame++) {
    const word = S[m.frame + frame]
    const kind = word & KIND
    const references = (word & REF_MASK) / REF
    const name = m.geometry.name(frame)
    if (tables.has(frame) && kind !== TABLE) wrong.push(`${name} is linked but its kind is ${kind}`)
    if (pages.has(frame) && (kind !== DATA || references !== 1))
      wrong.push(`${name} is mapped, of kind ${kind} with ${references} references`)
    if (!tables.has(frame) && !pages.has(frame) && kind !== FREE && kind !== REUSED)
      wrong.push(`${name} is lost, of kind ${kind}`)
    if (kind === DYING) wrong.push(`${name} waits for RCU for ever`)
    if (word & PIN_MASK) wrong.push(`${name} is pinned for ever`)
    if (pages.has(frame) && word & SUPERSEDED) wrong.push(`${name} is mapped although it was copied away`)
  }
  return wrong
}

/** A flush policy that writes down what it was asked for, and flushes only the CPU that asks. */
export const recording = definePolicy({
  name: 'recording',
  summary: 'Writes down what it is asked for',
  shared: {
    targets: variable({ max: 255 }),
    pages: variable({ max: 255 }),
    kind: variable({ max: 3 }),
    flushes: variable({ max: 7 }),
    gathered: variable({ max: 63 }),
  },
  *gather() {
    return 5
  },
  *flush(cpu, request, gathered) {
    const { shared } = cpu
    yield* cpu.store(
      shared.targets.of(),
      request.targets.reduce((mask, v) => mask | (1 << v), 0),
    )
    yield* cpu.store(shared.pages.of(), request.pages)
    yield* cpu.store(shared.kind.of(), (request.freedTables ? 1 : 0) + (request.collapse ? 2 : 0))
    yield* cpu.fetchAdd(shared.flushes.of(), 1)
    yield* cpu.store(shared.gathered.of(), gathered)
    yield* cpu.flushLocal(request)
  },
  *freeTable(cpu, table, gathered) {
    yield* cpu.fetchOr(cpu.shared.gathered.of(), gathered === 5 ? 8 : 16)
    yield* cpu.freeTableNow(table)
  },
  *finish(cpu, gathered) {
    yield* cpu.fetchOr(cpu.shared.gathered.of(), gathered === 5 ? 32 : 16)
  },
})
