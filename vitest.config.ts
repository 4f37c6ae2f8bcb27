const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  throw new Error(
    `These tests need Node 22.18 or newer, and this is Node ${process.versions.node}: ` +
      'run "npm ci" without --ignore-scripts, which installs Node 24 into node_modules, and then "npx vitest run".',
  )
}

import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Vitest would leave one core for itself, and start a fresh process for each file; no test here leaves anything behind in one.
    maxWorkers: availableParallelism(),
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'test', include: ['test/**/*.test.ts'] } },
      { extends: true, test: { name: 'properties', include: ['properties/**/*.property.ts'] } },
      { extends: true, test: { name: 'corpus', include: ['corpus/**/*.replay.ts'] } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // The command line runs in a process of its own, which coverage does not see.
      exclude: ['src/cli/main.ts', 'src/**/types.ts'],
      reporter: ['text-summary', 'html', 'lcovonly'],
      thresholds: { lines: 93, statements: 92, functions: 92, branches: 86 },
    },
  },
})
