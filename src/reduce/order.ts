/**
 * Partial-order reduction. In each state a persistent set of threads is looked for: some thread can step, and nothing
 * that the threads outside may ever do touches what the next steps of those inside touch. The steps of the others can
 * then wait. After Overman (1981), Valmari (1991, stubborn sets), and Godefroid (1996, persistent sets), with these
 * choices:
 *
 * - What a thread may still do is all that is reachable from its control state; what a step touches is known exactly, as
 *   it depends on what the step reads. A waiting thread is disturbed only by writes to what its guard has read.
 * - A path to a violation or a deadlock from a state: if it takes a step of the set, that step can as well come first;
 *   if not, any step of the set can be put before it. Either way the search meets it later on. So that this does
 *   not go on for ever, one of the steps must lead to a state that is still to be expanded (Bosnacki and Holzmann 2005);
 *   otherwise all steps are taken. A finite order of expansion is all that the argument needs.
 * - What steps touch is learned. Were a step of the whole space to touch what it was never seen to touch, then the path to
 *   the first such step would consist of steps that are as they are known to be, and by the same argument the search
 *   would come to it: it begins anew whenever it does. At the end of a search nothing is assumed any more.
 */
import { ENDED } from '../protocol/protocol.ts'
import type { Space } from '../protocol/space.ts'
import { SCHEDULE, kindOf, whoOf } from '../protocol/transition.ts'
import { MAX_ENABLED } from '../engine/system.ts'
import { meet } from './bits.ts'
import type { Futures } from './futures.ts'
import type { Steps } from './steps.ts'

/** Sets of threads are bits of an integer; a protocol with more threads is not reduced. */
const MAX_THREADS = 30

export class Order {
  private readonly space: Space
  private readonly steps: Steps
  private readonly futures: Futures
  private readonly hasHost: boolean
  private readonly threads: number
  /** By thread: the threads that might disturb its next step. */
  private readonly disturbing: Int32Array
  private readonly rest: Int32Array

  /** `delays`: whether the search follows the host where it takes CPUs away. */
  constructor(space: Space, steps: Steps, futures: Futures, delays: boolean) {
    this.space = space
    this.steps = steps
    this.futures = futures
    this.hasHost = delays && space.cpus > 0
    this.threads = space.cpuOf.length
    this.disturbing = new Int32Array(this.threads)
    this.rest = new Int32Array(MAX_ENABLED)
  }

  /** Moves transitions that suffice to the front of the `count` that are enabled; returns how many. */
  choose(enabled: Int32Array, count: number): number {
    const { space, threads } = this
    const { outcomes } = this.steps
    if (count < 2 || threads > MAX_THREADS) return count
    if (this.hasHost) {
      // A host that can still take CPUs away disturbs everybody. One that cannot gives them back at once.
      if (space.state[space.taken] < space.protocol.preemptions) return count
      for (let i = 0; i < count; i++) {
        if (kindOf(enabled[i]) !== SCHEDULE) continue
        const first = enabled[0]
        enabled[0] = enabled[i]
        enabled[i] = first
        return 1
      }
    }
    for (let thread = 0; thread < threads; thread++) this.disturbing[thread] = this.disturbers(thread)
    let best = 0
    let fewest = count
    for (let thread = 0; thread < threads; thread++) {
      if (outcomes[thread] === 0) continue
      const set = this.closure(thread)
      const size = this.size(set)
      if (size < fewest) {
        fewest = size
        best = set
      }
    }
    if (best !== 0) this.moveToFront(enabled, count, best)
    return fewest
  }

  /** The threads whose future may touch what the next step of `thread` touches. */
  private disturbers(thread: number): number {
    const { space, futures, threads } = this
    const { state, control } = space
    const reads = this.steps.reads[thread]
    const writes = this.steps.writes[thread]
    let set = 0
    for (let other = 0; other < threads; other++) {
      const node = state[control + other]
      if (other === thread || node === ENDED) continue
      const future = futures.of(node)
      if (meet(reads, future.writes) || meet(writes, future.writes) || meet(writes, future.reads))
        set |= 1 << other
    }
    return set
  }

  private closure(thread: number): number {
    let set = 1 << thread
    for (let todo = set; todo !== 0;) {
      const member = 31 - Math.clz32(todo)
      const more = this.disturbing[member] & ~set
      set |= more
      todo = (todo & ~(1 << member)) | more
    }
    return set
  }

  /** How many transitions the threads of a set have. */
  private size(set: number): number {
    let size = 0
    for (let thread = 0; thread < this.threads; thread++)
      if (set & (1 << thread)) size += this.steps.outcomes[thread]
    return size
  }

  private moveToFront(enabled: Int32Array, count: number, set: number): void {
    let front = 0
    let behind = 0
    for (let i = 0; i < count; i++) {
      if (set & (1 << whoOf(enabled[i]))) enabled[front++] = enabled[i]
      else this.rest[behind++] = enabled[i]
    }
    for (let i = 0; i < behind; i++) enabled[front + i] = this.rest[i]
  }
}
