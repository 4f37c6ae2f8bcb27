/**
 * The address spaces of a scenario: which frames hold which table or page at the start, and what people call them.
 * Frame 0 is no frame. A page number is split into one index a level, as hardware splits a linear address.
 */
import type { MachineConfig } from './config.ts'

export interface TableInfo {
  readonly frame: number
  /** 1 = PTE table, 2 = PMD, ... */
  readonly level: number
  readonly space: number
  /** The first page that the table covers. */
  readonly first: number
  readonly name: string
}

export interface PageInfo {
  readonly frame: number
  readonly space: number
  readonly page: number
  readonly name: string
}

const LEVEL_NAMES = ['', 'PTE', 'PMD', 'PUD', 'P4D', 'PGD']

export class Geometry {
  readonly tables: TableInfo[] = []
  readonly datas: PageInfo[] = []
  /** Frames free at the start that a collapse can use, one for every region whose pages are all mapped. */
  readonly huge: PageInfo[] = []
  /** Data frames that nothing maps at the start. */
  readonly spare: number[] = []
  /** Root table of each space. */
  readonly roots: number[] = []
  /** Frame numbers are 1 .. frames. */
  frames = 0
  /** Values that all frames hold together. */
  contents = 0
  /** Per frame: the place of its first value among the contents of all frames. */
  readonly contentStart: readonly number[]
  /** Frames that can back a large page. */
  private readonly isLarge: (frame: number) => boolean
  private readonly names: string[] = ['nothing']
  /** Indices and table bases by `level * reach + page`, computed once because walks ask for them at every step. */
  private readonly indices: Int32Array
  private readonly bases: Int32Array
  private readonly reach: number

  readonly config: MachineConfig

  constructor(config: MachineConfig) {
    this.config = config
    const { entries, levels } = config
    this.reach = entries ** levels
    this.indices = new Int32Array((levels + 1) * this.reach)
    this.bases = new Int32Array((levels + 1) * this.reach)
    for (let level = 1; level <= levels; level++) {
      for (let page = 0; page < this.reach; page++) {
        this.indices[level * this.reach + page] = Math.floor(page / entries ** (level - 1)) % entries
        this.bases[level * this.reach + page] = page - (page % entries ** level)
      }
    }
    for (let space = 0; space < config.spaces; space++) this.addSpace(space)
    for (let i = 0; i < config.spare; i++) this.spare.push(this.take(`S${i}`))
    const large = new Set([...this.huge.map(({ frame }) => frame), ...this.spare])
    this.contentStart = Array.from({ length: this.frames + 1 }, (_, frame) => {
      const at = this.contents
      this.contents += large.has(frame) ? entries : 1
      return at
    })
    this.isLarge = (frame) => large.has(frame)
  }

  /** Place of what a frame holds at a page, among the contents of all frames. */
  contentOffset(frame: number, page: number): number {
    return this.contentStart[frame] + (this.isLarge(frame) ? page % this.config.entries : 0)
  }

  /** Number of values that a frame holds. */
  contentWords(frame: number): number {
    return this.isLarge(frame) ? this.config.entries : 1
  }

  /** Index of `page` in a table of `level`. */
  index(page: number, level: number): number {
    return this.indices[level * this.reach + page]
  }

  /** First page covered by the table of `level` that translates `page`. */
  base(page: number, level: number): number {
    return this.bases[level * this.reach + page]
  }

  name(frame: number): string {
    return this.names[frame] ?? `frame ${frame}`
  }

  /** Name of the entry of `level` that translates `page`: `PTE(2)`, `PMD(2)`. */
  entryName(level: number, page: number): string {
    return `${LEVEL_NAMES[level]}[${page}]`
  }

  /** The frame that holds a value, by its place among the contents of all frames; 0 for a place beyond them. */
  frameOfContent(place: number): number {
    if (place < 0 || place >= this.contents) return 0
    return this.contentStart.findLastIndex((start) => start <= place)
  }

  private addSpace(space: number): void {
    const { pages, levels, entries } = this.config
    const mark = space === 0 ? '' : `.mm${space}`
    const root = this.take(`${LEVEL_NAMES[levels]}${mark}`)
    this.roots.push(root)
    this.tables.push({ frame: root, level: levels, space, first: 0, name: this.name(root) })
    for (let level = levels - 1; level >= 1; level--) {
      for (const first of new Set(pages.map((page) => this.base(page, level)))) {
        const label = level === 1 ? `T${first / entries}` : `${LEVEL_NAMES[level]}${first === 0 ? '' : first}`
        const frame = this.take(`${label}${mark}`)
        this.tables.push({ frame, level, space, first, name: this.name(frame) })
      }
    }
    for (const page of pages) {
      const frame = this.take(`P${page}${mark}`)
      this.datas.push({ frame, space, page, name: this.name(frame) })
    }
    for (const first of new Set(pages.map((page) => this.base(page, 1)))) {
      const whole = Array.from({ length: entries }, (_, i) => first + i).every((page) => pages.includes(page))
      if (!whole) continue
      const frame = this.take(`H${first / entries}${mark}`)
      this.huge.push({ frame, space, page: first, name: this.name(frame) })
    }
  }

  private take(name: string): number {
    this.names.push(name)
    return ++this.frames
  }
}
