/**
 * What a function of the variables does, learned run by run. Its reads form a decision tree: which word it reads next
 * is determined by the values of those before, so a run whose values are known touches what the run before it touched.
 * Finding the run of a state takes as many look-ups as the function reads words.
 */
import { fail } from '../errors.ts'
import { emptyBits, join, setBit, type Bits } from './bits.ts'
import { Watch } from '../engine/observation.ts'

/** One way to go for a function: what it read decided that it would go this way and no other. */
export interface Run {
  readonly reads: Bits
  readonly writes: Bits
}

/** A read, and how things go on for each value that was met. */
interface Branch {
  readonly word: number
  readonly values: number[]
  readonly next: Place[]
}

type Place = Branch | Run

const isBranch = (place: Place): place is Branch => 'word' in place

export class Behaviour {
  readonly name: string
  /** What any of the known runs reads or writes. */
  readonly reads: Bits
  readonly writes: Bits
  readonly function: (S: Int32Array) => unknown
  /** All known runs. */
  readonly runs: Run[] = []
  private root: Place | undefined
  private readonly width: number

  /** `width` is the number of words. The function must depend on nothing else. */
  constructor(name: string, run: (S: Int32Array) => unknown, width: number) {
    this.name = name
    this.function = run
    this.width = width
    this.reads = emptyBits(width)
    this.writes = emptyBits(width)
  }

  /** The run from these variables, if it is known. */
  find(S: Int32Array): Run | undefined {
    let at = this.root
    while (at !== undefined && isBranch(at)) at = at.next[at.values.indexOf(S[at.word])]
    return at
  }

  /** Makes the run from these variables known; true if the function touches more than was known. */
  learn(S: Int32Array): boolean {
    const { reads, values, writes, everything } = new Watch(S.length).observe(
      S,
      (seen) => void this.function(seen),
    )
    const run: Run = { reads: emptyBits(this.width), writes: emptyBits(this.width) }
    for (const word of reads) setBit(run.reads, word)
    for (const word of writes.keys()) setBit(run.writes, word)
    if (everything) for (const bits of [run.reads, run.writes]) bits.fill(-1)
    this.runs.push(run)
    this.root = everything ? run : this.planted(this.root, reads, values, 0, run)
    const reaches = join(this.reads, run.reads)
    return join(this.writes, run.writes) || reaches
  }

  /** The tree with a run added, behind the reads that lead to it. */
  private planted(
    place: Place | undefined,
    reads: readonly number[],
    values: readonly number[],
    depth: number,
    run: Run,
  ): Place {
    const ends = depth === reads.length
    if (place !== undefined && (ends || !isBranch(place) || place.word !== reads[depth]))
      throw fail.impureStep(this.name)
    if (ends) return run
    const branch: Branch =
      place !== undefined && isBranch(place) ? place : { word: reads[depth], values: [], next: [] }
    let i = branch.values.indexOf(values[depth])
    if (i < 0) i = branch.values.push(values[depth]) - 1
    branch.next[i] = this.planted(branch.next[i], reads, values, depth + 1, run)
    return branch
  }
}
