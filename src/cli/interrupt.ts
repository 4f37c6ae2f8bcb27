/**
 * Ends a command early, and cleanly: after a time, or by Ctrl-C. Searches are synchronous, so the command runs on a
 * worker thread and the main thread, which hears the signal, raises a flag in shared memory.
 */
export interface Interrupt {
  /** True once the command should end; cheap enough to be asked often. */
  stop(): boolean
  /** True once somebody raised the flag; the time does not matter. */
  raised(): boolean
  /** Seconds until the time is over; undefined if there is no limit. */
  secondsLeft(): number | undefined
}

/** A flag that another thread raises, and a time limit in seconds. */
export function interruptBy(flag: Int32Array, seconds: number | undefined): Interrupt {
  const end = seconds === undefined ? Infinity : performance.now() + seconds * 1000
  const raised = (): boolean => Atomics.load(flag, 0) !== 0
  return {
    stop: () => raised() || performance.now() > end,
    raised,
    secondsLeft: () => (seconds === undefined ? undefined : Math.max(0, end - performance.now()) / 1000),
  }
}

/** A flag that threads can share. */
export const sharedFlag = (): Int32Array => new Int32Array(new SharedArrayBuffer(4))
