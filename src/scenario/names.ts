/** What the things of a scenario are called in reports and corpus cases. */
import type { Names } from '../engine/step.ts'
import type { Kernel } from '../guest/kernel.ts'
import { tellEntry } from '../machine/entry.ts'
import type { Machine } from '../machine/machine.ts'

const members = (mask: number): number[] =>
  Array.from({ length: 31 }, (_, i) => i).filter((i) => mask & (1 << i))

export function namesOf(
  m: Machine,
  kernel: Kernel,
  vectors: readonly string[],
  hypercalls: readonly string[],
): Names {
  const words = new Map<number, string>()
  const learn = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(learn)
    else if (typeof value === 'object' && value !== null && 'at' in value && 'name' in value)
      words.set(Number(value.at), String(value.name))
  }
  learn([kernel.lock, kernel.cpumask, kernel.lazy, kernel.behind, kernel.slots])
  for (const [, shared] of Object.entries(kernel.shared)) {
    for (let cpu = 0; cpu < m.config.vcpus; cpu++) learn(shared.of(cpu))
  }
  return {
    page: (page) => `page ${page}`,
    pages: (mask) => {
      const pages = members(mask).map((slot) => m.config.pages[slot])
      return `page${pages.length === 1 ? '' : 's'} ${pages.join(',')}`
    },
    frame: (frame) => m.geometry.name(frame),
    cpus: (mask) => (mask === 0 ? 'nobody' : `CPU${members(mask).join(',')}`),
    word: (at) => words.get(at) ?? m.layout.fieldAt(at).name,
    vector: (vector) => vectors[vector] ?? `vector ${vector}`,
    hypercall: (number) => hypercalls[number] ?? `#${number}`,
    entry: (level, page) => m.geometry.entryName(level, page),
    store: (at, value) => {
      const { config, geometry } = m
      const table = geometry.tables[Math.floor((at - m.entries) / config.entries)]
      if (at < m.entries || table === undefined)
        return `${words.get(at) ?? m.layout.fieldAt(at).name} = ${value}`
      const page = table.first + ((at - m.entries) % config.entries) * config.entries ** (table.level - 1)
      return `${geometry.entryName(table.level, page)} in ${table.name} = ${tellEntry(value, (frame) => geometry.name(frame))}`
    },
  }
}
