/**
 * A device behind the IOMMU, as an experiment programs it: DMA by page, registers and doorbells as words of memory, and
 * interrupts. Its accesses go through the page walk and the caches of its own that {@link Iommu} describes; between
 * translation and memory an access is on its way for a while. Left out: interrupt remapping, peer-to-peer accesses.
 */
import { fail } from '../errors.ts'
import { defineOp, perform, type Code } from '../engine/step.ts'
import { ACCESS } from './access.ts'
import { DETAILED, decodeAccess, type Access } from './access-result.ts'
import { SEND_IPI } from './interrupts.ts'
import { CONTENT_MAX } from './frame-word.ts'
import type { Machine } from './machine.ts'
import { LOAD, UNTIL } from './memory.ts'
import { WRITE } from './rights.ts'
import { resultsOf, type Word } from './word.ts'

/** The device reads, stores, and waits for its registers: no store buffer is between them and memory. */
const REGISTER_READ = defineOp(
  'read register',
  0,
  (a, _b, _c, n, r) => `read ${n.word(a)}${r === undefined ? '' : ` -> ${r}`}`,
)
const REGISTER_WRITE = defineOp('write register', 1, (a, b, _c, n) => `${n.word(a)} = ${b}`)
const DOORBELL = defineOp('wait for doorbell', 1, (a, _b, c, n) => `wait until ${n.word(a)} = ${c}`)
const MSI = defineOp('MSI', 1, (a, b, _c, n) => `MSI: ${n.vector(b)} to CPU${a}`)

export function installDevice(m: Machine): void {
  m.install(REGISTER_READ, m.execute[LOAD.code])
  m.install(REGISTER_WRITE, (_v, at, value) => ((m.S[at] = value), 0))
  m.install(DOORBELL, m.execute[UNTIL.code], m.guards[UNTIL.code])
  m.install(MSI, m.execute[SEND_IPI.code])
}

/** A DMA access that nobody waits for: what the environment lets a device do. */
export function* dma(page: number, write: boolean): Code {
  yield* perform(ACCESS, page, write ? WRITE : 0, 1)
}

export class Device<Shared = unknown> {
  /** Number of this device. */
  readonly id: number
  /** Variables of the policy or the experiment. */
  readonly shared: Shared
  private readonly vectors: readonly string[]
  private readonly pages: readonly number[]

  constructor(
    id: number,
    around: {
      readonly shared: Shared
      readonly vectors: readonly string[]
      readonly config: { readonly pages: readonly number[] }
    },
  ) {
    this.id = id
    this.shared = around.shared
    this.vectors = around.vectors
    this.pages = around.config.pages
  }

  /** DMA read of a page; `fault` if the IOMMU blocked it. */
  *read(page: number): Code<Access> {
    return yield* this.access(page, 0, 0)
  }

  /** DMA write of a small value. */
  *write(page: number, value = 1): Code<Access> {
    if (!(value >= 0 && value <= CONTENT_MAX))
      throw fail.badConfig(
        'value of a DMA write',
        value,
        `0 to ${CONTENT_MAX}, which is what a frame can hold`,
      )
    return yield* this.access(page, WRITE, value)
  }

  private *access(page: number, mode: number, value: number): Code<Access> {
    if (!this.pages.includes(page))
      throw fail.badConfig('page of a DMA access', page, `one of ${this.pages.join(', ')}`)
    return decodeAccess(yield* perform(ACCESS, page, mode | DETAILED, value, 0))
  }

  /** Reads a register. */
  *load(at: Word): Code<number> {
    return yield* perform(REGISTER_READ, at.at, 0, 0, resultsOf(at))
  }

  /** Writes a register, such as the status that a driver polls. */
  *store(at: Word, value: number): Code {
    if (!(value >= 0 && value <= at.max)) throw fail.valueTooLarge(at.name, value, at.max)
    yield* perform(REGISTER_WRITE, at.at, value)
  }

  /** Waits until a driver has written `value`: a doorbell. */
  *until(at: Word, value: number): Code {
    yield* perform(DOORBELL, at.at, -1, value)
  }

  /** Interrupts a CPU (MSI). */
  *interrupt(cpu: number, vector: string): Code {
    const number = this.vectors.indexOf(vector)
    if (number < 0) throw fail.badConfig('vector of a device', vector, `one of ${this.vectors.join(', ')}`)
    yield* perform(MSI, cpu, number)
  }
}
