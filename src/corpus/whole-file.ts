/**
 * Files that are written whole or not at all: the text goes to a file beside, and takes its place once it is on the disk.
 * Whoever reads it finds the old one or the new one, whatever ended the process in between.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Writes a file; throws what the file system throws, and leaves nothing behind then. */
export function writeWhole(file: string, text: string): void {
  const folder = dirname(file)
  const beside = join(folder, `.${basename(file, '.json')}.${process.pid}.tmp`)
  try {
    mkdirSync(folder, { recursive: true })
    const handle = openSync(beside, 'w')
    try {
      // A disk that fills up takes a part of it: this writes on until all is written, or it is told why not.
      writeFileSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(beside, file)
  } catch (cause) {
    discard(beside)
    throw cause
  }
}

/** Removes a file, if it is there and can be removed. */
export function discard(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Then it stays: nobody is worse off than with it there before.
  }
}
