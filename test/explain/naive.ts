/**
 * Explanations the plain way, for comparison: every order of a race's steps is walked by itself, and every flip is tried
 * from the beginning. A step is what a case says of it, two names. A step of code is changed by putting another operation
 * in the place of its own. Shares the story and the world with the package, and nothing else.
 */
import { RETURN, defineOp, type Op } from '../../src/engine/step.ts'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { ShootdownError } from '../../src/errors.ts'
import { tellTransition } from '../../src/report/story.ts'
import type { Race } from '../../src/scenario/race.ts'
import type { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'

export interface NaivePair {
  readonly before: number
  readonly after: number
  readonly why: string
}

export interface NaiveOrders {
  readonly all: bigint
  /** Orders that fail, as lists of step numbers from 1. */
  readonly failing: readonly (readonly number[])[]
  /** `a,b` for steps that can be done in this order, one after the other. */
  readonly possible: ReadonlySet<string>
}

interface Named {
  readonly number: number
  readonly who: string
  readonly what: string
  readonly actor: number
}

/** Words of a control state in the table of nodes: its operation first, then its arguments, then a result it got. */
const STRIDE = 8
const KEY = 4
const NEVER = -0x80000000

/** Stands in for an operation of each kind of mover. */
const changed: Readonly<Record<Op['mover'], Op>> = {
  none: defineOp('changed step', 0),
  right: defineOp('changed right step', 0, undefined, 'right'),
  left: defineOp('changed left step', 0, undefined, 'left'),
}

/** What code did in a step: its control state, and the state's result. */
interface Code {
  readonly cpu: number
  readonly node: number
  readonly result: number
}

/** Where some order comes to: the world, and the steps that are left. */
interface Place {
  /** The invariant is broken there; there or behind it. */
  readonly breaks: boolean
  fails: boolean
  readonly left: readonly Named[][]
  /** By the number of the step that is taken. */
  readonly next: Map<number, Place>
}

/** Every order that begins so, with what is left in whatever order. */
function inAnyOrder(
  order: readonly number[],
  left: readonly Named[][],
  found: (whole: number[]) => void,
): void {
  if (left.every((lane) => lane.length === 0)) found([...order])
  for (const [i, [next, ...rest]] of left.entries())
    if (next !== undefined) inAnyOrder([...order, next.number], left.with(i, rest), found)
}

export class Naive {
  readonly steps: readonly Named[]
  private readonly race: Race
  private readonly enabled = new Int32Array(MAX_ENABLED)
  private readonly code: readonly (Code | undefined)[]
  private readonly world: World

  constructor(race: Race) {
    this.race = race
    this.world = new Worlds(race.policy, race.bounds).at(race.workload)
    const { world } = this
    const code: (Code | undefined)[] = []
    this.steps = Array.from(race.schedule, (transition, i) => {
      const before = world.state.slice()
      const actor = world.actor(transition)
      const { name, main } = tellTransition(world, transition)
      const after = world.state.slice()
      world.state.set(before)
      code.push(this.codeOf(transition))
      world.state.set(after)
      return { number: i + 1, who: name, what: main.asked, actor }
    })
    // A host's answer is known once the whole race has run: the only result that the call's control state ever got.
    this.code = code.map((each) => {
      if (each === undefined || world.co.steps[each.node].op.name !== 'hypercall') return each
      const result = world.co.nodes[each.node * STRIDE + KEY]
      return result === NEVER ? undefined : { ...each, result }
    })
    world.clearViolation()
  }

  /** What code does in a transition, if it is not hardware at work or somebody's decision. */
  private codeOf(transition: number): Code | undefined {
    const { world } = this
    if (!/^(cpu|device)\d+( alternative \d+)?$/.test(world.name(transition))) return undefined
    const heard: (Code & { op: Op; role: string })[] = []
    world.tracer = (cpu, node, result, role) =>
      void heard.push({ cpu, node, result, role, op: world.co.steps[node].op })
    world.apply(transition)
    world.tracer = undefined
    const ofCode = heard.filter(
      ({ role, op }) => role !== 'walk' && role !== 'speculation' && op.name !== 'access',
    )
    const main =
      ofCode.find(({ op }) => op.mover === 'none') ??
      ofCode.findLast(({ op }) => op.mover === 'right' && !['lock', 'wait free'].includes(op.name))
    if (main === undefined || main.op === RETURN) return undefined
    if (main.op.name === 'hypercall' && ofCode[0] !== main) return undefined
    return { cpu: main.cpu, node: main.node, result: main.result }
  }

  /** Takes a step if there is one of its names. */
  private take({ who, what }: Named): boolean {
    const { world, enabled } = this
    const count = world.enabled(enabled)
    const transition = enabled.subarray(0, count).find((each) => world.name(each) === who)
    if (transition === undefined) return false
    const before = world.state.slice()
    if (tellTransition(world, transition).main.asked === what) return true
    world.state.set(before)
    world.clearViolation()
    return false
  }

  /** The invariant that is broken now. */
  private broken(): string | undefined {
    const { world } = this
    if (world.violation !== undefined) return world.violation.invariant
    world.enabled(this.enabled)
    return world.progress === 0 && !world.final() ? world.deadlock().invariant : undefined
  }

  /** The steps of each actor. */
  private get lanes(): Named[][] {
    const { steps } = this
    const actors = [...new Set(steps.map(({ actor }) => actor))]
    return actors.map((actor) => steps.filter((step) => step.actor === actor))
  }

  /** How many orders there are of all steps, possible or not. */
  private get all(): bigint {
    const factorial = (n: number): bigint => (n < 2 ? 1n : BigInt(n) * factorial(n - 1))
    return this.lanes.reduce((ways, lane) => ways / factorial(lane.length), factorial(this.steps.length))
  }

  /** Every order, one by one. */
  orders(): NaiveOrders {
    const { world, race, lanes } = this
    const wanted = race.violation.invariant
    const failing: number[][] = []
    const possible = new Set<string>()
    const finish = (order: readonly number[], left: readonly Named[][]): void =>
      inAnyOrder(order, left, (whole) => failing.push(whole))
    const walk = (order: readonly number[], left: readonly Named[][]): void => {
      const broken = this.broken()
      if (broken === wanted) return finish(order, left)
      if (broken !== undefined) return
      const here = world.state.slice()
      for (const [i, [next, ...rest]] of left.entries()) {
        if (next === undefined || !this.take(next)) continue
        for (const earlier of order) possible.add(`${earlier},${next.number}`)
        walk([...order, next.number], left.with(i, rest))
        world.state.set(here)
        world.clearViolation()
      }
    }
    world.reset()
    walk([], lanes)
    return { all: this.all, failing, possible }
  }

  /**
   * The same where walking every order takes hours: what follows upon a state, with some steps left, is walked once. The
   * failing orders are still listed one by one.
   */
  ordersByState(): NaiveOrders {
    const { world, race, steps, lanes } = this
    const failing: number[][] = []
    const possible = new Set<string>()
    const places = new Map<string, Place>()
    const visit = (left: readonly Named[][]): Place => {
      const broken = this.broken()
      const key = `${world.state.join()} ${left.map(({ length }) => length).join()} ${broken}`
      const known = places.get(key)
      if (known !== undefined) return known
      const breaks = broken === race.violation.invariant
      const place = { breaks, fails: breaks, left, next: new Map<number, Place>() }
      places.set(key, place)
      if (broken !== undefined) return place
      const taken = steps.filter((step) => !left.flat().includes(step))
      const here = world.state.slice()
      for (const [i, [next, ...rest]] of left.entries()) {
        if (next === undefined || !this.take(next)) continue
        for (const earlier of taken) possible.add(`${earlier.number},${next.number}`)
        const then = visit(left.with(i, rest))
        place.next.set(next.number, then)
        place.fails ||= then.fails
        world.state.set(here)
        world.clearViolation()
      }
      return place
    }
    const list = (order: readonly number[], { breaks, fails, left, next }: Place): void => {
      if (breaks) inAnyOrder(order, left, (whole) => failing.push(whole))
      else if (fails) for (const [number, place] of next) list([...order, number], place)
    }
    world.reset()
    list([], visit(lanes))
    return { all: this.all, failing, possible }
  }

  /** What all failing orders have in common, without what follows from the rest of it. */
  pairs({ failing, possible }: NaiveOrders): NaivePair[] {
    const { steps } = this
    /** By order: at which place each step comes. */
    const places = failing.map((order) => {
      const place = new Uint8Array(steps.length + 1)
      order.forEach((number, at) => (place[number] = at))
      return place
    })
    const always = new Set<string>()
    for (const { number: a } of steps)
      for (const { number: b } of steps)
        if (a !== b && places.every((place) => place[a] < place[b])) always.add(`${a},${b}`)
    return [...always]
      .map((pair) => pair.split(',').map(Number))
      .filter(([a, b]) => !steps.some(({ number: c }) => always.has(`${a},${c}`) && always.has(`${c},${b}`)))
      .map(([before, after]) => {
        const program = steps[before - 1].actor === steps[after - 1].actor
        return {
          before,
          after,
          why: program ? 'program' : possible.has(`${after},${before}`) ? 'race' : 'cause',
        }
      })
      .toSorted((x, y) => x.after - y.after || x.before - y.before)
  }

  /** All orders that keep to some pairs. */
  extensions(pairs: readonly NaivePair[]): number[][] {
    const found: number[][] = []
    const extend = (order: readonly number[]): void => {
      if (order.length === this.steps.length) found.push([...order])
      for (const { number } of this.steps) {
        if (order.includes(number)) continue
        if (pairs.every(({ before, after }) => after !== number || order.includes(before)))
          extend([...order, number])
      }
    }
    extend([])
    return found
  }

  /** How many orders keep to some pairs, whether they are possible or not. */
  countExtensions(pairs: readonly NaivePair[]): bigint {
    const known = new Map<string, bigint>()
    const count = (left: readonly number[]): bigint => {
      if (left.length === 0) return 1n
      const key = left.join()
      let ways = known.get(key)
      if (ways !== undefined) return ways
      ways = 0n
      for (const number of left)
        if (!pairs.some(({ before, after }) => after === number && left.includes(before)))
          ways += count(left.filter((each) => each !== number))
      known.set(key, ways)
      return ways
    }
    return count(this.steps.map(({ number }) => number))
  }

  /** Runs the steps of a schedule that are still possible, with the step numbered so changed; whether it breaks the same. */
  private breaks(schedule: readonly Named[], change?: { number: number; how: () => void }): boolean {
    const { world, race } = this
    world.reset()
    try {
      for (const step of schedule) {
        if (step.number === change?.number) change.how()
        else this.take(step)
        const broken = this.broken()
        if (broken !== undefined) return broken === race.violation.invariant
      }
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
    }
    return false
  }

  /** Takes a step of code with another operation in its place. */
  private change(number: number, { cpu, node }: Code, execute: (usual: () => number) => number): void {
    const { world, race } = this
    const { co, machine } = world
    const { op, a, b, c } = co.steps[node]
    const other = changed[op.mover]
    const usual = machine.execute[op.code]
    machine.execute[other.code] = () => execute(() => usual(cpu, a, b, c))
    co.nodes[node * STRIDE] = other.code
    try {
      world.apply(race.schedule[number - 1])
    } finally {
      co.nodes[node * STRIDE] = op.code
    }
  }

  isEssential({ number }: Named): boolean {
    const code = this.code[number - 1]
    if (code === undefined) return !this.breaks(this.steps.filter((step) => step.number !== number))
    const how = (): void => this.change(number, code, () => code.result)
    return !this.breaks(this.steps, { number, how })
  }

  value({ number }: Named): string {
    const code = this.code[number - 1]
    if (code === undefined) return 'none'
    const { op, results } = this.world.co.steps[code.node]
    if (op.name === 'hypercall') return 'none'
    const all = results > 0 ? Array.from({ length: results }, (_, i) => i) : this.seen(number, code)
    const others = [...new Set(all)].filter((value) => value !== code.result)
    if (others.length === 0) return 'none'
    const still = others.map((value) =>
      this.breaks(this.steps, { number, how: () => this.change(number, code, (usual) => (usual(), value)) }),
    )
    return still.includes(false) ? 'matters' : 'irrelevant'
  }

  /** The results of a step in the place of each step of the race. */
  private seen(number: number, { cpu, node }: Code): number[] {
    const { world, steps, race } = this
    const { op, a, b, c } = world.co.steps[node]
    return steps.flatMap((_, moment) => {
      world.reset()
      for (const transition of race.schedule.subarray(0, moment)) world.apply(transition)
      world.machine.alternative = race.schedule[number - 1] & 0xff
      try {
        return [world.machine.execute[op.code](cpu, a, b, c)]
      } catch (cause) {
        if (cause instanceof ShootdownError) return []
        throw cause
      }
    })
  }

  order(step: Named, { possible }: NaiveOrders): string {
    const { steps } = this
    const from = step.number - 1
    const outcomes: boolean[] = []
    for (const direction of [-1, 1]) {
      const moved = [...steps]
      for (let at = from + direction; at >= 0 && at < steps.length; at += direction) {
        const other = steps[at]
        const [first, then] = direction < 0 ? [step, other] : [other, step]
        if (other.actor === step.actor || !possible.has(`${first.number},${then.number}`)) break
        moved[at - direction] = other
        moved[at] = step
        outcomes.push(this.breaksStrictly(moved))
      }
    }
    if (outcomes.length === 0) return 'fixed'
    return outcomes.includes(false) ? 'matters' : 'irrelevant'
  }

  /** Takes the steps of a schedule, all of them; whether that breaks the same. */
  breaksStrictly(schedule: readonly Named[]): boolean {
    this.world.reset()
    for (const step of schedule) {
      if (!this.take(step)) return false
      const broken = this.broken()
      if (broken !== undefined) return broken === this.race.violation.invariant
    }
    return false
  }
}
