/** Any program has the final states that a plain interpreter of x86-TSO finds, which knows nothing of this machine. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { intel, ran } from './texts.ts'

type Instruction = readonly [op: string, to: string, from: string]

interface State {
  readonly at: number[]
  readonly registers: Record<string, number>[]
  readonly memory: Record<string, number>
  readonly buffers: [location: string, value: number][][]
}

/** All final states: registers of each thread, then x and y. */
function interpret(threads: readonly (readonly Instruction[])[], names: readonly string[]): string[] {
  const finals = new Set<string>()
  const seen = new Set<string>()
  const fresh = (): Record<string, number> => Object.fromEntries(names.map((name) => [name, 0]))
  const stack: State[] = [
    {
      at: threads.map(() => 0),
      registers: threads.map(fresh),
      memory: { x: 0, y: 0 },
      buffers: threads.map(() => []),
    },
  ]
  while (stack.length > 0) {
    const state = stack.pop()!
    const key = JSON.stringify(state)
    if (seen.has(key)) continue
    seen.add(key)
    let moved = false
    threads.forEach((program, t) => {
      if (state.buffers[t].length > 0) {
        const next = structuredClone(state)
        const [location, value] = next.buffers[t].shift()!
        next.memory[location] = value
        stack.push(next)
        moved = true
      }
      const instruction = program[state.at[t]]
      if (instruction === undefined) return
      const next = structuredClone(state)
      if (!step(next, t, instruction)) return
      next.at[t]++
      stack.push(next)
      moved = true
    })
    if (!moved) {
      const { registers, memory } = state
      finals.add(
        [...registers.flatMap((all) => names.map((name) => all[name])), memory.x, memory.y].join(','),
      )
    }
  }
  return [...finals].toSorted()
}

/** Does an instruction, unless it has to wait for the buffer. */
function step({ registers, memory, buffers }: State, t: number, [op, to, from]: Instruction): boolean {
  const mine = registers[t]
  const location = /\[(.)\]/.exec(to)?.[1]
  const source = /\[(.)\]/.exec(from)?.[1]
  if (op === 'mov') {
    const newest = buffers[t].findLast(([where]) => where === source)
    const value = source === undefined ? (mine[from] ?? Number(from)) : (newest?.[1] ?? memory[source])
    if (location === undefined) mine[to] = value
    else buffers[t].push([location, value])
    return true
  }
  if (op === 'xchg' && location === undefined) {
    ;[mine[to], mine[from]] = [mine[from], mine[to]]
    return true
  }
  if (buffers[t].length > 0) return false
  if (op === 'mfence') return true
  const old = memory[location!]
  const operand = mine[from] ?? Number(from)
  if (op === 'xchg' || op === 'lock xadd') mine[from] = old
  if (op === 'xchg') memory[location!] = operand
  else if (op === 'lock cmpxchg') {
    if (old === mine.eax) memory[location!] = operand
    mine.eax = old
  } else if (op === 'lock or') memory[location!] = old | operand
  else if (op === 'lock and') memory[location!] = old & operand
  else memory[location!] = old + operand
  return true
}

const NAMES = ['eax', 'ebx', 'ecx']
const register = fc.constantFrom(...NAMES)
const location = fc.constantFrom('[x]', '[y]')
const number = fc.constantFrom('1', '2', '3', '5', '6', '7', '8')
const moves = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('mov'), location, number) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('mov'), register, location) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('mov'), location, register) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('mov'), register, register) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('xchg'), register, register) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('xchg'), location, register) },
  { weight: 1, arbitrary: fc.constant(['mfence', '', ''] as [string, string, string]) },
)
const locked = fc.tuple(
  fc.constantFrom('lock add', 'lock or', 'lock and', 'lock xadd', 'lock cmpxchg'),
  location,
  register,
)
const program = fc.array(fc.oneof({ weight: 6, arbitrary: moves }, { weight: 1, arbitrary: locked }), {
  minLength: 3,
  maxLength: 6,
  size: 'max',
})
const test = fc.record({
  threads: fc.array(program, { minLength: 2, maxLength: 2 }),
  names: fc.subarray(NAMES, { minLength: 1 }),
})

it('any two threads of six instructions', () => {
  let found = 0
  fc.assert(
    fc.property(test, ({ threads, names }) => {
      const longest = Math.max(...threads.map(({ length }) => length))
      const rows = Array.from({ length: longest }, (_, i) =>
        threads
          .map((all) =>
            all[i] === undefined ? '' : `${all[i][0]} ${all[i].slice(1).filter(Boolean).join(',')}`,
          )
          .join(' | '),
      )
      const keys = [...threads.flatMap((_, t) => names.map((name) => `${t}:${name}`)), 'x', 'y']
      const head = threads.map((_, t) => `P${t}`).join(' | ')
      const text = intel([head, ...rows], `exists (true)\nlocations [${keys.join(';')}]`)
      const all = interpret(threads, NAMES).map((state) => {
        const values = state.split(',')
        const kept = threads.flatMap((_, t) =>
          names.map((name) => values[t * NAMES.length + NAMES.indexOf(name)]),
        )
        return [...kept, ...values.slice(-2)].join(',')
      })
      const { states } = ran(text)
      found += states.length
      expect(states).toEqual([...new Set(all)].toSorted())
    }),
    { numRuns: 500, seed: 1 },
  )
  expect(found).toBeGreaterThan(1000)
}, 60_000)
