/** The programs that outside peers are built with: which of them this machine has, and how to get the others. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export type Tool = 'cc' | 'c++' | 'spin' | 'rumur'

/** The Debian package of each. */
const PACKAGES: Readonly<Record<Tool, string>> = { cc: 'gcc', 'c++': 'g++', spin: 'spin', rumur: 'rumur' }

const tools = Object.keys(PACKAGES) as Tool[]

const isInstalled = (tool: Tool): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

export const missingTools = (needed: readonly Tool[] = tools): Tool[] =>
  needed.filter((tool) => !isInstalled(tool))

/** One line: what is not there, and the command that installs it on Debian. */
export const tellMissing = (missing: readonly Tool[]): string =>
  `not installed: ${missing.join(', ')} (Debian: apt-get install ${missing.map((tool) => PACKAGES[tool]).join(' ')})`
