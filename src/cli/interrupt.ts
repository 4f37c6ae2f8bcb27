/**
 * Ends a command early, and cleanly: after a time, or by Ctrl-C. Searches are synchronous, so the command runs on a
 * worker thread and the main thread, which hears the signal, raises a flag in shared memory.
 */
export interface Interrupt {
  /** True once the command should end; cheap enough to be asked often. */
  stop(): boolean
}

/** A flag that another thread raises, and a time limit in seconds. */
export function interruptBy(flag: Int32Array, seconds: number | undefined): Interrupt {
  const end = seconds === undefined ? Infinity : performance.now() + seconds * 1000
  return { stop: () => Atomics.load(flag, 0) !== 0 || performance.now() > end }
}

/** A flag that threads can share. */
export const sharedFlag = (): Int32Array => new Int32Array(new SharedArrayBuffer(4))
