/**
 * What the seeded policies are made of: an operation that flushes without a lock held, so that two CPUs can flush at the
 * same time, and the two ways to wait. A guard has no steps while it waits; a loop that polls has.
 */
import type { AnyCpu } from '../../../src/guest/cpu.ts'
import type { Code } from '../../../src/engine/step.ts'
import type { Policy } from '../../../src/guest/policy.ts'
import type { Word } from '../../../src/machine/word.ts'

export type Waiting = 'guard' | 'poll'

/** Waits until a word holds a value; `locals` are what the code behind depends on. */
export function* wait(how: Waiting, cpu: AnyCpu, word: Word, value: number, ...locals: number[]): Code {
  if (how === 'guard') return yield* cpu.until(word, value)
  for (;;) {
    yield* cpu.checkpoint(`poll ${word.name}`, value, ...locals)
    if ((yield* cpu.load(word)) === value) return
  }
}

/** Takes a page away under the lock, flushes behind it, then lets go of the frame. */
export const unmap: NonNullable<Policy['operations']> = {
  unmap: {
    summary: 'unmap a page; the flush comes behind the lock',
    subject: 'page',
    *run(cpu, page, space) {
      const mm = cpu.mm(space)
      yield* mm.lock()
      const frame = yield* mm.clearEntry(1, page)
      yield* mm.unlock()
      if (frame === 0) return
      yield* mm.flush([page])
      yield* mm.put(frame)
    },
  },
}

/** Everything that a policy of the catalogue has in common. */
export const unmapping = {
  workload: ['unmap'],
  operations: unmap,
  machine: { preemptions: 0, speculation: 0, groups: [[0], [2]] },
}
