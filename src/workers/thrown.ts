/** Errors between threads. */
import { ShootdownError } from '../errors.ts'
import type { Thrown } from './messages.ts'

/** Takes an error apart. */
export function takeApart(error: unknown): Thrown {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, code: undefined }
  const { message, stack } = error
  return { message, stack, code: error instanceof ShootdownError ? error.code : undefined }
}

/** The error, as it was thrown, with the stack that it had there. */
export function putTogether({ message, stack, code }: Thrown): Error {
  const error = code === undefined ? new Error(message) : new ShootdownError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}
