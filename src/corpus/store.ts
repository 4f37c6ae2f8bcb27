/**
 * A folder of cases: one file a race, named by its content. Files are written beside and renamed, so a crash or a full
 * disk leaves the old file or the new one; a case that is there already is left as it is.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fail, ShootdownError } from '../errors.ts'
import { parseCase } from './case.ts'
import type { Case } from './schema.ts'

export interface Kept {
  readonly file: string
  readonly case: Case
}

export interface Corpus {
  readonly cases: readonly Kept[]
  /** Files that could not be read, each with its sentence; the others are not affected. */
  readonly problems: readonly { readonly file: string; readonly error: ShootdownError }[]
}

/** Reads all cases of a folder, or of a single file; a folder that does not exist is an empty corpus. */
export function readCorpus(folder: string): Corpus {
  const cases: Kept[] = []
  const problems: Corpus['problems'][number][] = []
  let files: string[] = []
  try {
    files = filesOf(folder)
  } catch (cause) {
    problems.push({
      file: folder,
      error: fail.corpusRead(folder, `could not be read (${(cause as Error).message})`),
    })
  }
  for (const file of files) {
    try {
      const kept = parseCase(file, read(file))
      if (basename(file) !== `${kept.id}.json`)
        throw fail.corpusTampered(file, 'file name', basename(file), `${kept.id}.json`)
      cases.push({ file, case: kept })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      problems.push({ file, error: cause })
    }
  }
  return { cases, problems }
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return []
  if (!statSync(folder).isDirectory()) return [folder]
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return names.toSorted().map((name) => join(folder, name))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw fail.corpusRead(file, `could not be read (${(cause as Error).message})`)
  }
}

/** Writes a case; returns its file, and whether it is new. */
export function keep(folder: string, kept: Case): { file: string; fresh: boolean } {
  const file = join(folder, `${kept.id}.json`)
  if (existsSync(file)) return { file, fresh: false }
  const beside = join(folder, `.${kept.id}.${process.pid}.tmp`)
  try {
    mkdirSync(folder, { recursive: true })
    const handle = openSync(beside, 'w')
    try {
      writeSync(handle, `${JSON.stringify(kept, null, 2)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(beside, file)
  } catch (cause) {
    discard(beside)
    throw fail.corpusWrite(file, cause)
  }
  return { file, fresh: true }
}

/** Removes what a failed write left behind, if it can be removed; the failure itself is what matters. */
function discard(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Nothing was written, then.
  }
}
