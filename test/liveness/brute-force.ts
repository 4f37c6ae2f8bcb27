/**
 * Liveness of small programs by brute force, with nothing of the package: an interpreter, a set of states written as
 * text, and for each state and each way to be excused from the strong duties a search for a way back to it that settles
 * all others. Lassos are found by trying all walks.
 */
import { WORDS, type Programs } from './programs.ts'

interface State {
  readonly words: readonly number[]
  readonly at: readonly number[]
}

interface Move {
  readonly thread: number
  readonly strong: boolean
  readonly advances: boolean
  readonly to: State
}

export interface Cost {
  readonly switches: number
  readonly steps: number
}

const keyOf = (state: State): string => JSON.stringify(state)
const beginning = (programs: Programs): State => ({
  words: Array<number>(WORDS).fill(0),
  at: programs.map(() => 0),
})
const isOver = (programs: Programs, { at }: State): boolean => at.every((pc, i) => pc >= programs[i].length)

/** What can be done in a state. */
function movesOf(programs: Programs, { words, at }: State): Move[] {
  return programs.flatMap((program, thread) => {
    const pc = at[thread]
    if (pc >= program.length) return []
    const now = program[pc]
    const go = (next: number, changed = words): Move => ({
      thread,
      strong: now.do === 'lock' && now.fair,
      advances: now.do === 'advance',
      to: { words: changed, at: at.with(thread, next) },
    })
    switch (now.do) {
      case 'set':
        return [go(pc + 1, words.with(now.word, now.value))]
      case 'branch':
        return [go(words[now.word] === now.value ? now.to : pc + 1)]
      case 'trylock':
        return [words[now.word] === 0 ? go(pc + 1, words.with(now.word, 1)) : go(now.to)]
      case 'lock':
        return words[now.word] === 0 ? [go(pc + 1, words.with(now.word, 1))] : []
      case 'await':
        return words[now.word] === now.value ? [go(pc + 1)] : []
      case 'pick':
        return [go(pc + 1), go(now.to)]
      case 'advance':
        return [go(now.to)]
    }
  })
}

/** Duties as text: a thread's plain steps, and its fair ones. */
const dutyOf = ({ thread, strong }: Move): string => `${thread}${strong ? ' fair' : ''}`

/** True if a walk from a state back to it is fair, advances nobody and is never over. */
function isFairRound(programs: Programs, states: readonly State[], moves: readonly Move[]): boolean {
  if (moves.some(({ advances }) => advances)) return false
  const done = new Set(moves.map(dutyOf))
  const owed = states.map((state) => new Set(movesOf(programs, state).map(dutyOf)))
  return [...new Set(owed.flatMap((set) => [...set]))].every(
    (duty) => done.has(duty) || (!duty.endsWith('fair') && owed.some((set) => !set.has(duty))),
  )
}

/** All states that can be reached. */
function reachable(programs: Programs): State[] {
  const first = beginning(programs)
  const found = new Map([[keyOf(first), first]])
  for (const state of found.values())
    for (const { to } of movesOf(programs, state)) if (!found.has(keyOf(to))) found.set(keyOf(to), to)
  return [...found.values()]
}

const isStuck = (programs: Programs, state: State): boolean =>
  movesOf(programs, state).length === 0 && !isOver(programs, state)

/** Whether some fair run never gets anywhere. */
export function isLive(programs: Programs): boolean {
  const states = reachable(programs)
  if (states.some((state) => isStuck(programs, state))) return false
  const strong = programs.flatMap((program, i) =>
    program.some((each) => each.do === 'lock' && each.fair) ? [`${i} fair`] : [],
  )
  const weak = programs.map((_, i) => `${i}`)
  for (let excused = 0; excused < 1 << strong.length; excused++) {
    const never = strong.filter((_, i) => excused & (1 << i))
    const always = strong.filter((duty) => !never.includes(duty))
    for (const state of states)
      if (!isOver(programs, state) && comesBack(programs, state, never, [...weak, ...always])) return false
  }
  return true
}

/** Whether there is a way back to a state that settles some duties and never owes others. */
function comesBack(
  programs: Programs,
  home: State,
  never: readonly string[],
  settles: readonly string[],
): boolean {
  const owes = (state: State, duty: string): boolean =>
    movesOf(programs, state).some((m) => dutyOf(m) === duty)
  const excuses = (state: State): number =>
    settles.reduce(
      (bits, duty, i) => (duty.endsWith('fair') || owes(state, duty) ? bits : bits | (1 << i)),
      0,
    )
  const forbidden = (state: State): boolean => never.some((duty) => owes(state, duty))
  if (forbidden(home)) return false
  const all = (1 << settles.length) - 1
  const begin = { state: home, bits: excuses(home) }
  const seen = new Map<string, { state: State; bits: number }>([['', begin]])
  for (const { state, bits } of seen.values()) {
    for (const move of movesOf(programs, state)) {
      if (move.advances || forbidden(move.to)) continue
      const place = settles.indexOf(dutyOf(move))
      const now = bits | (place < 0 ? 0 : 1 << place) | excuses(move.to)
      if (now === all && keyOf(move.to) === keyOf(home)) return true
      const key = `${keyOf(move.to)} ${now}`
      if (!seen.has(key)) seen.set(key, { state: move.to, bits: now })
    }
  }
  return false
}

/** The cheapest lasso of at most so many steps, of all walks there are. */
export function cheapestLasso(programs: Programs, most: number): Cost | undefined {
  let best: Cost | undefined
  const consider = (cost: Cost): void => {
    if (
      best === undefined ||
      cost.switches < best.switches ||
      (cost.switches === best.switches && cost.steps < best.steps)
    )
      best = cost
  }
  const states = [beginning(programs)]
  const moves: Move[] = []
  const walk = (switches: number): void => {
    const here = states.at(-1)!
    const cost = { switches, steps: moves.length }
    if (isStuck(programs, here)) consider(cost)
    for (let i = 0; i < states.length - 1; i++) {
      if (keyOf(states[i]) === keyOf(here) && isFairRound(programs, states.slice(i, -1), moves.slice(i)))
        consider(cost)
    }
    if (moves.length === most) return
    for (const move of movesOf(programs, here)) {
      const more = moves.length > 0 && moves.at(-1)!.thread !== move.thread ? 1 : 0
      if (best !== undefined && switches + more > best.switches) continue
      states.push(move.to)
      moves.push(move)
      walk(switches + more)
      states.pop()
      moves.pop()
    }
  }
  walk(0)
  return best
}
