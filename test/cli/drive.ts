/**
 * Runs a command line in this process and records what it writes. Every invocation gets its own streams, so whatever is
 * written past them (a stray console.log) is not part of the record.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sharedFlag } from '../../src/cli/interrupt.ts'
import { run } from '../../src/cli/run.ts'
import { temporaryFolder } from '../corpus/folder.ts'

export interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
  /** What `--json` printed; throws where that is anything but one JSON value on one line. */
  json(): unknown
}

/** The folder of the shipped corpus. */
export const SHIPPED = fileURLToPath(new URL('../../corpus', import.meta.url))

/** A hunt that is over in no time: one CPU, few runs. */
export const QUICK = ['--cpus', '1', '--runs', '40']

/** Runs `shootdown` with these arguments. */
export async function shootdown(argv: readonly string[], flag: Int32Array = sharedFlag()): Promise<Ran> {
  let out = ''
  let err = ''
  const status = await run(argv, flag, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    liveColumns: 0,
    styled: false,
  })
  const json = (): unknown => {
    const [line, rest, ...more] = out.split('\n')
    if (rest !== '' || more.length > 0) throw new Error(`not one line of JSON: ${out}`)
    return JSON.parse(line)
  }
  return { status, out, err, json }
}

const library = new URL('../../src/index.ts', import.meta.url).href

/** Writes a module that has the package in scope as `shootdown`, and returns its path. */
export function moduleFile(code: string, name = 'policy.ts'): string {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, `import * as shootdown from ${JSON.stringify(library)}\nvoid shootdown\n${code}\n`)
  return file
}

/** The text of a policy with these parts; it is sound unless they make it otherwise. */
export const policyText = (parts: string, name = 'mine'): string => `shootdown.definePolicy({
  name: '${name}',
  summary: 'One of the tests',
  *flush(cpu, request) {
    yield* cpu.flushLocal(request)
    yield* cpu.callFunction(request.targets, request)
  },
  ${parts}
})`

/** Writes a module whose default export is a policy with these parts. */
export const policyFile = (parts: string): string => moduleFile(`export default ${policyText(parts)}`)

/** Makes a policy break at the first step of anything: a race that costs nothing to find and to prove minimal. */
export const BREAKS = `invariants: [{ name: 'nothing-happens', sentence: 'Nothing ever happens.', holds: () => false }],`
