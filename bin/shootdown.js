#!/usr/bin/env node
// The door of the command line. In a source checkout it runs src/ directly (Node strips the types); in an installed
// package, which carries no src/, it runs dist/. It is plain JavaScript so that an old Node can still print the reason.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `shootdown needs Node 22.18 or newer, and this is Node ${process.versions.node}: ` +
      '"npm install --save-dev node@24" gives a project its own (a checkout of shootdown gets it from "npm ci").',
  )
  process.exitCode = 2
} else {
  // src/ wins where both exist: a stale dist/ must not answer for sources that have changed since.
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const built = new URL('../dist/cli/main.js', import.meta.url)
  const { main } = await import((existsSync(source) ? source : built).href)
  process.exitCode = await main(process.argv.slice(2))
}
