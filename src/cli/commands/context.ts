/** What every command gets: its options, where to write, and when to end early. */
import type { Interrupt } from '../interrupt.ts'
import type { Options } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export interface Context {
  readonly options: Options
  readonly terminal: Terminal
  readonly interrupt: Interrupt
  /** Arguments that are no options: files, ids. */
  readonly rest: readonly string[]
}

/** Exit status: as expected, not as expected, wrong use. */
export const AS_EXPECTED = 0
export const NOT_AS_EXPECTED = 1
export const WRONG_USE = 2

export const DEFAULT_CORPUS = 'corpus'
