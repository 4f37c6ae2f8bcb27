/**
 * Where outside peers are built and run: a temporary folder. A run is timed as a whole process by `stopwatch.c`, because
 * Node does not say what a child took. Building is not timed.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sample } from '../measure.ts'

/** What a whole process took; `seconds` are those of the CPU. */
export interface Taken extends Sample {
  readonly wall: number
  /** Largest resident size, in bytes. */
  readonly peak: number
}

export type Command = readonly [string, ...string[]]

/** A process was ended because it had used up its CPU time, or gave up because it had its memory. */
export class GaveUp extends Error {}

/** Status of a process that SIGXCPU has ended. */
const OUT_OF_TIME = 128 + constants.signals.SIGXCPU

/** Where the sources of the peers are. */
export const SOURCES = import.meta.dirname
const MAX_OUTPUT = 1 << 28

export class Workshop {
  private readonly folder = mkdtempSync(join(tmpdir(), 'shootdown-peers-'))
  private readonly built = new Map<string, string>()

  /** A folder in which `make` has built something: made once for each name. */
  folderOf(name: string, make: (folder: string) => void): string {
    const known = this.built.get(name)
    if (known !== undefined) return known
    const folder = join(this.folder, name)
    mkdirSync(folder)
    make(folder)
    this.built.set(name, folder)
    return folder
  }

  /**
   * Runs a command to its end and times it, with all processes that it waits for; `count` reads its output. Throws
   * {@link GaveUp} if it takes more CPU seconds than `limit`; 0 is no limit.
   */
  time(command: Command, count: (output: string) => Sample['counts'], limit = 0): Taken {
    const stopwatch = join(this.folderOf('stopwatch', buildStopwatch), 'stopwatch')
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe'] as const
    const { status, output } = spawnSync(stopwatch, [String(limit), ...command], {
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT,
      stdio: [...stdio],
    })
    const [, stdout, stderr, taken] = output
    if (status === OUT_OF_TIME) throw new GaveUp(`more than ${limit} s`)
    if (status !== 0)
      throw new Error(`${command.join(' ')} ended with status ${status}:\n${stdout}\n${stderr}`)
    const { cpu, wall, peak } = JSON.parse(taken!) as { cpu: number; wall: number; peak: number }
    return { seconds: cpu, wall, peak, counts: count(stdout!) }
  }

  close(): void {
    rmSync(this.folder, { recursive: true })
  }
}

const buildStopwatch = (folder: string): void =>
  run(folder, ['cc', '-O2', '-o', 'stopwatch', join(SOURCES, 'stopwatch.c')])

/** Runs a tool in a folder; throws what it says if it fails. */
export function run(folder: string, [tool, ...args]: Command): void {
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${tool} ended with status ${status}:\n${stdout}\n${stderr}`)
}
