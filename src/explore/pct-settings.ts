/**
 * What a run of PCT remembers of its change points: which have come, and which actors have the low priorities that they
 * gave. A setting is a number with a digit for each point: 0 while it has not come; the place of the actor, counted from
 * 1, that has its priority; or, where that actor has been given another one since, the digit "spent".
 */

export class Settings {
  /** Number of settings. The one that a run begins with is 0. */
  readonly room: number
  private readonly points: number
  private readonly base: number
  private readonly actors: number
  /** Priority by setting and place of the actor. */
  private readonly priorities: Int32Array

  /** `actors` in the order of their first priorities, the highest first; they are known by their place, from 0. */
  constructor(actors: number, points: number) {
    this.actors = actors
    this.points = points
    this.base = actors + 2
    this.room = this.base ** points
    this.priorities = new Int32Array(this.room * actors)
    for (let setting = 0; setting < this.room; setting++) {
      for (let place = 0; place < actors; place++)
        this.priorities[setting * actors + place] = points + actors - place
      for (let point = 0; point < points; point++) {
        const holder = this.digit(setting, point) - 1
        if (holder >= 0 && holder < actors) this.priorities[setting * actors + holder] = point + 1
      }
    }
  }

  priority(setting: number, place: number): number {
    return this.priorities[setting * this.actors + place]
  }

  /** How many points have not come. */
  left(setting: number): number {
    let left = 0
    for (let point = 0; point < this.points; point++) if (this.digit(setting, point) === 0) left++
    return left
  }

  /**
   * Calls `leads` for every setting that a step of the actor in a place can leave behind, with its probability, where
   * each point that has not come comes at this step with the probability `comes`. Where several do, the last one of them
   * gives the priority.
   */
  after(
    setting: number,
    place: number,
    comes: number,
    leads: (setting: number, probability: number) => void,
  ): void {
    const choose = (point: number, now: number, latest: number, probability: number): void => {
      if (probability === 0) return
      if (point === this.points) {
        leads(latest < 0 ? now : this.give(now, latest, place), probability)
        return
      }
      if (this.digit(setting, point) !== 0) choose(point + 1, now, latest, probability)
      else {
        choose(point + 1, now, latest, probability * (1 - comes))
        choose(point + 1, this.spend(now, point), point, probability * comes)
      }
    }
    choose(0, setting, -1, 1)
  }

  /** The actor in a place gets the priority of a point that has come, and loses the one that it had of another. */
  private give(setting: number, point: number, place: number): number {
    let given = setting
    for (let other = 0; other < this.points; other++)
      if (this.digit(given, other) === place + 1) given = this.spend(given, other)
    return given + (place + 1 - this.digit(given, point)) * this.base ** point
  }

  private spend(setting: number, point: number): number {
    return setting + (this.base - 1 - this.digit(setting, point)) * this.base ** point
  }

  private digit(setting: number, point: number): number {
    return Math.floor(setting / this.base ** point) % this.base
  }
}
