/**
 * Which places are worth holding an actor at: those where it was about to take a step that raced with the step of another
 * one, and, in second place, those whose word several actors touch and somebody writes, whether they met there or not.
 */
import { wordOf, isWrite } from '../engine/footprint.ts'
import type { Random } from '../engine/random.ts'
import { MAX_PLACES } from './places.ts'

/** One draw in so many is from the second kind. */
const SECOND_KIND = 5

export class Rivals {
  private readonly raced = new PlaceSet()
  private readonly shared = new PlaceSet()
  /** By word: who touched it, one bit an actor (those 32 apart are taken for one), and whether somebody wrote it. */
  private users = new Int32Array(0)
  private written = new Uint8Array(0)

  clear(words: number): void {
    this.raced.clear()
    this.shared.clear()
    this.users = new Int32Array(words)
    this.written = new Uint8Array(words)
  }

  get some(): boolean {
    return this.raced.size + this.shared.size > 0
  }

  /** An actor takes a step at `place`, touching `footprint`. */
  touch(actor: number, place: number, footprint: number): void {
    if (footprint < 0) return
    const word = wordOf(footprint)
    const users = (this.users[word] |= 1 << (actor & 31))
    if (isWrite(footprint)) this.written[word] = 1
    if (this.written[word] === 1 && (users & (users - 1)) !== 0) this.shared.add(place)
  }

  /** Steps at two places could be taken, and their order matters. */
  race(place: number, other: number): void {
    this.raced.add(place)
    this.raced.add(other)
  }

  /** One of them, if there are some. */
  draw(random: Random): number {
    const { raced, shared } = this
    const second = raced.size === 0 || (shared.size > 0 && random.below(SECOND_KIND) === 0)
    return second ? shared.draw(random) : raced.draw(random)
  }
}

class PlaceSet {
  size = 0
  private readonly has = new Uint8Array(MAX_PLACES)
  private readonly members = new Int32Array(MAX_PLACES)

  add(place: number): void {
    if (this.has[place] === 1) return
    this.has[place] = 1
    this.members[this.size++] = place
  }

  draw(random: Random): number {
    return this.members[random.below(this.size)]
  }

  clear(): void {
    for (let i = 0; i < this.size; i++) this.has[this.members[i]] = 0
    this.size = 0
  }
}
