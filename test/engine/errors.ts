/** Catching what this package throws for people. */
import { expect } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import type { Code } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'

/** The error that something throws, which must be one of ours. */
export function errorOf(run: () => unknown): ShootdownError {
  try {
    run()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ShootdownError)
    return thrown as ShootdownError
  }
  return expect.unreachable('nothing was thrown')
}

export const rootOf =
  (start: () => Code<number | void>, co = new Coroutines()): (() => number) =>
  () =>
    co.root('lazy flush', start)
