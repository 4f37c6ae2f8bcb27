/**
 * A folder of cases: one file a race, named by its content. Files are written beside and renamed, so a crash or a full
 * disk leaves the old file or the new one. A case that is there already is left as it is, unless it only lacks the proof
 * that the new one has.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fail, ShootdownError } from '../errors.ts'
import { parseCase } from './case.ts'
import type { Case } from './schema.ts'
import { discard, writeWhole } from './whole-file.ts'

export interface Kept {
  readonly file: string
  readonly case: Case
}

export interface Corpus {
  readonly cases: readonly Kept[]
  /** Files that could not be read, each with its sentence; the others are not affected. */
  readonly problems: readonly { readonly file: string; readonly error: ShootdownError }[]
}

/**
 * Reads all cases of a folder, or of a single `.json` file; a folder that does not exist is an empty corpus.
 * @throws ShootdownError if the place is a file that can be neither.
 */
export function readCorpus(folder: string): Corpus {
  const cases: Kept[] = []
  const problems: Corpus['problems'][number][] = []
  let files: string[] = []
  try {
    files = filesOf(folder)
  } catch (cause) {
    if (cause instanceof ShootdownError) throw cause
    problems.push({
      file: folder,
      error: fail.corpusRead(folder, `could not be read (${(cause as Error).message})`),
    })
  }
  for (const file of files) {
    try {
      cases.push({ file, case: readCase(file) })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      problems.push({ file, error: cause })
    }
  }
  return { cases, problems }
}

/**
 * Reads the case of one file, whole and under its own name; `parse` says how much is checked of it.
 * @throws ShootdownError if there is none
 */
export function readCase(file: string, parse = parseCase): Case {
  const kept = parse(file, read(file))
  if (basename(file) !== `${kept.id}.json`)
    throw fail.corpusTampered(file, 'file name', basename(file), `${kept.id}.json`)
  return kept
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return []
  if (!statSync(folder).isDirectory()) {
    if (folder.endsWith('.json')) return [folder]
    throw fail.corpusRead(folder, 'is a file; expected a folder of corpus cases, or one case (a .json file)')
  }
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

/**
 * Writes a case; returns its file, and whether it is new. A race that is there already as a local one is upgraded by its
 * proof, once there is one; what the file says of its finding, and of what replaying it should end in, stays.
 * @throws ShootdownError if it cannot be written.
 */
export function keep(folder: string, kept: Case): { file: string; fresh: boolean; upgraded?: true } {
  const file = join(folder, `${kept.id}.json`)
  if (!isFile(file)) {
    write(file, kept)
    return { file, fresh: true }
  }
  const old = kept.minimality === 'minimal' ? readable(file) : undefined
  if (old?.minimality !== 'local') return { file, fresh: false }
  const { expect = kept.expect, found = kept.found } = old
  write(file, { ...kept, ...(expect && { expect }), ...(found && { found }) })
  return { file, fresh: false, upgraded: true }
}

/** True for a file, also at the end of a link; a folder of that name is in the way, and writing will say so. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** The case in a file; undefined if there is none that is whole: such a file is left to its owner. */
function readable(file: string): Case | undefined {
  try {
    return parseCase(file, read(file))
  } catch (cause) {
    if (cause instanceof ShootdownError) return undefined
    throw cause
  }
}

/**
 * Removes a case that a better one has taken the place of, if it is the very one: found by the same run, and never proven
 * minimal. Whatever else has its name is left alone.
 */
export function supersede(folder: string, kept: Case): void {
  const file = join(folder, `${kept.id}.json`)
  const old = isFile(file) ? readable(file) : undefined
  if (old?.minimality !== 'local' || old.expect !== undefined) return
  if (JSON.stringify(old.found) === JSON.stringify(kept.found)) discard(file)
}

function write(file: string, kept: Case): void {
  try {
    writeWhole(file, `${JSON.stringify(kept, null, 2)}\n`)
  } catch (cause) {
    throw fail.corpusWrite(file, cause)
  }
}
