/** A temporary folder for a test that writes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new folder that is removed when the test is over. */
export function temporaryFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'shootdown-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}
