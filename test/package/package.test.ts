/** The package as it is installed: built into a folder of its own, packed, imported and run from there. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cases } from '../corpus/shipped.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const start = promisify(execFile)

interface Manifest {
  readonly version: string
  readonly bin: Record<string, string>
  readonly exports: Record<string, string | Record<string, string>>
}
interface Packed {
  readonly files: readonly { readonly path: string }[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

let place = ''
const inPlace = (...argv: string[]): Promise<{ stdout: string; stderr: string }> =>
  start(process.execPath, argv, { cwd: place })

/** What is published lies in the folder, dist/ built anew; what it depends on is found beside it. */
beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'shootdown-'))
  for (const part of ['package.json', 'bin', 'corpus', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    if (existsSync(join(root, part))) cpSync(join(root, part), join(place, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await start(process.execPath, [
    tsc,
    '-p',
    join(root, 'tsconfig.build.json'),
    '--outDir',
    join(place, 'dist'),
  ])
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

describe('the manifest', () => {
  const targets = Object.entries(manifest.exports).flatMap(([name, target]) =>
    (typeof target === 'string' ? [target] : Object.values(target)).map((path) => [name, path]),
  )

  it.each(targets)('"%s" leads to %s, which is there', (_name, path) => {
    if (path.includes('*'))
      expect(cases.every(({ id }) => existsSync(join(place, path.replace('*', id))))).toBe(true)
    else expect(existsSync(join(place, path))).toBe(true)
  })

  it('has a command, and the file of it begins with the line that makes it one', () => {
    expect(Object.keys(manifest.bin)).toEqual(['shootdown'])
    expect(readFileSync(join(place, manifest.bin.shootdown), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
})

describe('what is packed', () => {
  let packed: string[] = []

  beforeAll(async () => {
    const env = { ...process.env, NPM_CONFIG_UPDATE_NOTIFIER: 'false', NPM_CONFIG_CACHE: join(place, '.npm') }
    const argv = ['pack', '--dry-run', '--json', '--offline', '--ignore-scripts', '--loglevel=error']
    const { stdout } = await start('npm', argv, { cwd: place, env, maxBuffer: 2 ** 24 })
    const parsed = JSON.parse(stdout) as Record<string, Packed> | Packed[]
    packed = Object.values(parsed)[0].files.map(({ path }) => path)
  })

  it('is everything that the manifest names, the documents, and all cases', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'package.json',
        'LICENSE',
        'bin/shootdown.js',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/vitest/index.js',
        'dist/arbitraries/index.js',
        'dist/cli/main.js',
        'dist/cli/worker.js',
        ...cases.map(({ id }) => `corpus/${id}.json`),
      ]),
    )
  })

  it('is nothing else: no sources, no tests, no replay of the corpus', () => {
    const strangers = packed.filter(
      (path) =>
        !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/shootdown\.js|dist\/.+\.(js|d\.ts)|corpus\/[a-z0-9-]+\.json)$/.test(
          path,
        ),
    )
    expect(strangers).toEqual([])
  })
})

describe('what is installed', () => {
  it('can be imported by its names', async () => {
    const code = `
      import * as main from 'shootdown'
      import * as arbitraries from 'shootdown/arbitraries'
      import manifest from 'shootdown/package.json' with { type: 'json' }
      import kept from 'shootdown/corpus/${cases[0].id}.json' with { type: 'json' }
      console.log(JSON.stringify([main.VERSION, manifest.version, main.policies.length > 9, Object.keys(arbitraries).length > 0, main.parseCase('x', JSON.stringify(kept)).id]))`
    const { stdout } = await inPlace('--input-type=module', '--eval', code)
    expect(JSON.parse(stdout)).toEqual([manifest.version, manifest.version, true, true, cases[0].id])
  })

  it('exports nothing else', async () => {
    const code = `await import('shootdown/dist/index.js').catch(({ code }) => console.log(code))`
    expect((await inPlace('--input-type=module', '--eval', code)).stdout.trim()).toBe(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    )
  })

  it('runs as a command without the sources, worker and all', async () => {
    const { stdout, stderr } = await inPlace(manifest.bin.shootdown, 'replay')
    expect(stderr).toBe('')
    expect(stdout).toContain(
      `${cases.length} cases: ${cases.length} reproduced, 0 fixed, 0 diverged; 0 unreadable.`,
    )
  })

  it('knows its version and its help', async () => {
    expect((await inPlace(manifest.bin.shootdown, '--version')).stdout).toContain(
      `shootdown/${manifest.version} `,
    )
    expect((await inPlace(manifest.bin.shootdown, '--help')).stdout).toContain(
      '$ shootdown <command> [options]',
    )
  })
})
