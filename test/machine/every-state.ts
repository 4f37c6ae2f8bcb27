/** Exhaustive search written once more and as plainly as can be, so that tests do not rest on the one they test. */
import type { Drive } from './drive.ts'

/**
 * Visits every state that a world can reach without breaking anything, each once; for worlds of a few thousand states.
 * With `behind`, what comes after a violation is visited too.
 */
export function everyState(d: Drive, visit: (d: Drive) => void, behind = false): number {
  const { world, S } = d
  const key = (): string => String.fromCharCode(...new Uint16Array(S.buffer, S.byteOffset, S.length * 2))
  world.reset()
  const queue = [S.slice()]
  const known = new Set([key()])
  for (const state of queue) {
    S.set(state)
    visit(d)
    S.set(state)
    for (const t of d.transitions()) {
      S.set(state)
      world.apply(t)
      const broken = world.violation !== undefined
      world.clearViolation()
      if (broken && !behind) continue
      if (known.size > 200_000) throw new Error('too many states for a test')
      if (known.has(key())) continue
      known.add(key())
      queue.push(S.slice())
    }
  }
  return known.size
}
