/** Where the commands write: text or one JSON object to standard output, progress and complaints to standard error. */
import { styleText } from 'node:util'

export interface Terminal {
  /** A line of the report; nothing with --json. */
  say(text: string): void
  /** The one object of --json; nothing otherwise. */
  object(value: unknown): void
  /** A complaint. */
  complain(text: string): void
  /** The progress line: rewritten in place on a terminal, nothing in a pipe. */
  progress(text: string): void
  clearProgress(): void
  bold(text: string): string
}

/** The two streams, and what they can show; commands run on another thread than the one that owns them. */
export interface Streams {
  out(text: string): void
  err(text: string): void
  /** Columns of the terminal that standard error is, or 0 if it is none. */
  readonly liveColumns: number
  /** True if standard output is a terminal. */
  readonly styled: boolean
}

const PROGRESS_EVERY_MS = 100

export function terminal(streams: Streams, json: boolean): Terminal {
  const live = streams.liveColumns > 0 && !json
  let shown = 0
  let last = 0
  const clearProgress = (): void => {
    if (shown > 0) streams.err(`\r${' '.repeat(shown)}\r`)
    shown = 0
  }
  return {
    say(text) {
      clearProgress()
      if (!json) streams.out(`${text}\n`)
    },
    object(value) {
      if (json) streams.out(`${JSON.stringify(value)}\n`)
    },
    complain(text) {
      clearProgress()
      streams.err(`${text}\n`)
    },
    progress(text) {
      const now = performance.now()
      if (!live || now - last < PROGRESS_EVERY_MS) return
      last = now
      const line = text.slice(0, Math.max(20, streams.liveColumns - 1))
      streams.err(`\r${line.padEnd(shown)}`)
      shown = line.length
    },
    clearProgress,
    bold: (text) => (streams.styled && !json ? styleText('bold', text, { validateStream: false }) : text),
  }
}
