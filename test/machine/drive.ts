/**
 * Drives a world by the names of its transitions, one at a time, and looks into its state. What a CPU runs is either
 * guest operations or any code that is written with the cpu handle, which becomes an operation of a policy's own.
 */
import type { Code } from '../../src/engine/step.ts'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import type { KernelFeatures } from '../../src/guest/surroundings.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { machineConfig, type MachineConfig } from '../../src/machine/config.ts'
import { KIND, PIN_MASK, REF, REF_MASK } from '../../src/machine/frame-word.ts'
import type { Machine } from '../../src/machine/machine.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { World } from '../../src/scenario/world.ts'

/** Which of a vCPU's coroutines did a step. */
type Role = Parameters<NonNullable<World['tracer']>>[3]

export type Program = (cpu: AnyCpu) => Code<unknown>

export interface Setup {
  readonly machine?: Partial<MachineConfig>
  readonly features?: Partial<KernelFeatures>
  readonly policy?: AnyPolicy
}

/** One step as it was done. */
export interface Seen {
  readonly cpu: number
  readonly role: Role
  readonly op: string
  readonly result: number
  readonly a: number
}

/** No scenario of these tests takes more transitions than this. */
const LIMIT = 2000

export class Drive {
  readonly world: World
  readonly m: Machine
  readonly seen: Seen[] = []
  private readonly out = new Int32Array(MAX_ENABLED)

  constructor(world: World) {
    this.world = world
    this.m = world.machine
    world.tracer = (cpu, node, result, role) => {
      const { op, a } = world.co.steps[node]
      this.seen.push({ cpu, role, op: op.name, result, a })
    }
  }

  get S(): Int32Array {
    return this.m.S
  }

  get violation(): string | undefined {
    return this.world.violation?.invariant
  }

  /** The enabled transitions. */
  transitions(): number[] {
    return [...this.out.subarray(0, this.world.enabled(this.out))]
  }

  /** The names of the enabled transitions. */
  names(): string[] {
    return this.transitions().map((t) => this.world.name(t))
  }

  can(name: string): boolean {
    return this.names().includes(name)
  }

  /** Takes transitions, each of which must be enabled when its turn comes. */
  go(...names: readonly string[]): this {
    for (const name of names) {
      const found = this.transitions().find((t) => this.world.name(t) === name)
      if (found === undefined)
        throw new Error(`"${name}" is not enabled; enabled: ${this.names().join(', ')}`)
      this.world.apply(found)
    }
    return this
  }

  times(count: number, name: string): this {
    return this.go(...Array.from({ length: count }, () => name))
  }

  /** Steps a CPU until it has nothing left to do or breaks something; returns how many transitions that took. */
  finish(cpu: number): number {
    for (let taken = 0; taken < LIMIT; taken++) {
      if (this.world.nextNode(cpu) < 0 || this.violation !== undefined) return taken
      this.go(`cpu${cpu}`)
    }
    throw new Error(`cpu${cpu} does not end`)
  }

  /** Steps a CPU until it has done `count` more steps of a kind. */
  until(cpu: number, op: string, count = 1): this {
    const done = (): number => this.seen.filter((each) => each.cpu === cpu && each.op === op).length
    const target = done() + count
    for (let taken = 0; done() < target; taken++) {
      if (taken > LIMIT) throw new Error(`cpu${cpu} never does "${op}"`)
      this.go(`cpu${cpu}`)
    }
    return this
  }

  /** Takes enabled transitions as `pick` says until there is no progress; `visit` sees every state on the way. */
  wander(pick: (count: number) => number, visit: (d: this) => void = () => {}): this {
    for (let taken = 0; taken < LIMIT; taken++) {
      visit(this)
      const enabled = this.transitions()
      if (this.world.progress === 0 || this.world.violation !== undefined) return this
      this.world.apply(enabled[pick(enabled.length)])
    }
    throw new Error('the run does not end')
  }

  /** The kinds of step that a CPU has done, oldest first. */
  done(cpu: number): string[] {
    return this.seen.filter((each) => each.cpu === cpu).map(({ op }) => op)
  }

  // -- looking into the machine -------------------------------------------------------------------------------

  /** Word of the TLB entry of a page that a CPU would use. */
  tlbAt(cpu: number, page: number): number {
    return (
      this.m.caches.tlb +
      this.m.caches.context(cpu) * this.m.config.pages.length +
      this.m.caches.pageSlot[page]
    )
  }

  tlb(cpu: number, page: number): number {
    return this.S[this.tlbAt(cpu, page)]
  }

  /** Word of the structure-cache entry that leads to the table of `level`. */
  structureAt(cpu: number, level: number, page: number): number {
    return (
      this.m.caches.structures +
      this.m.caches.context(cpu) * this.m.caches.structureSlots +
      this.m.caches.structureSlot(level, page)
    )
  }

  structure(cpu: number, level: number, page: number): number {
    return this.S[this.structureAt(cpu, level, page)]
  }

  /** Word of the entry of `level` for a page, on the path that the tables had at the start. */
  entryAt(level: number, page: number, space = 0): number {
    const table = this.m.geometry.tables.find(
      (t) => t.space === space && t.level === level && t.first === this.m.geometry.base(page, level),
    )!
    return this.m.entryAt(table.frame, level, page)
  }

  entry(level: number, page: number, space = 0): number {
    return this.S[this.entryAt(level, page, space)]
  }

  /** Frame by its name: `T0`, `PMD`, `P2`, `H1`. */
  frame(name: string): number {
    const all = [...this.m.geometry.tables, ...this.m.geometry.datas, ...this.m.geometry.huge]
    return all.find((each) => each.name === name)!.frame
  }

  kind(name: string): number {
    return this.S[this.m.frame + this.frame(name)] & KIND
  }

  references(name: string): number {
    return (this.S[this.m.frame + this.frame(name)] & REF_MASK) / REF
  }

  pins(name: string): number {
    return this.S[this.m.frame + this.frame(name)] & PIN_MASK
  }

  frameBits(name: string, bits: number): number {
    return this.S[this.m.frame + this.frame(name)] & bits
  }

  /** The words of all fields with this name. */
  words(field: string): number[] {
    return this.m.layout.fields
      .filter(({ name }) => name === field)
      .flatMap(({ at, length }) => [...this.S.subarray(at, at + length)])
  }
}

const featuresOf = (setup: Setup): KernelFeatures => ({
  lazy: false,
  switching: false,
  gupRecheck: 'pmd',
  ...setup.features,
})

/** A world whose CPUs run guest operations. */
export function operations(workload: Workload, setup: Setup = {}): Drive {
  const config = machineConfig({ vcpus: Math.max(1, workload.length), ...setup.machine })
  const world = new World(setup.policy ?? nativeIpi, config, featuresOf(setup))
  world.load(workload)
  return new Drive(world)
}

/** A world whose CPUs run this code, one program each. */
export function programs(codes: readonly Program[], setup: Setup = {}): Drive {
  const own = codes.map((code, cpu) => {
    const summary = 'code of a test'
    return [
      `program${cpu}`,
      {
        summary,
        *run(handle: AnyCpu): Code {
          yield* code(handle)
        },
      },
    ] as const
  })
  const base = setup.policy ?? nativeIpi
  const policy = { ...base, operations: { ...base.operations, ...Object.fromEntries(own) } }
  return operations(
    own.map(([op]) => [{ op }]),
    { ...setup, policy },
  )
}

/** One program on one CPU. */
export const program = (code: Program, setup: Setup = {}): Drive => programs([code], setup)
