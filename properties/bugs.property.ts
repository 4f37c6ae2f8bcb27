/**
 * The bugs of `bugs/`: each policy that was broken in reality is caught by the generators that everybody uses, its
 * repaired twin is verified within the same bounds, and the case that is kept of it tells the two apart.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCorpus, replayCase, type Policy } from '../src/index.ts'
import { describePolicy, type DescribePolicyOptions } from '../src/vitest/index.ts'
import { some, thorough } from '../test/thorough.ts'

interface Bug {
  readonly broken: Policy
  readonly fixed: Policy
}

const folder = join(import.meta.dirname, '../bugs')
const corpus = join(folder, 'corpus')
const { cases } = readCorpus(corpus)
const ids = some(
  readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length)),
  5,
)

/** Most of these bugs are met soon; that their repaired twins are sound is shown by verification. */
const runsOf = ({ expected }: Policy): number => (expected === 'broken' ? 10_000 : 2_000)

/** Operations in which a repaired twin is verified where its bug takes three. */
const fixedOperations = thorough ? 3 : 2

/** By policy: what it takes to see the bug, where that is more than usual. */
const settings: Readonly<Record<string, DescribePolicyOptions>> = {
  'kernel-huge-vmap-free-table': { operations: { verify: 3 }, runs: 40_000, seed: 5 },
  'kernel-huge-vmap-free-table-fixed': { operations: { verify: fixedOperations } },
  'lazy-cpumask-missing-mb': { operations: { verify: 3 }, strategy: 'pct', runs: 25_000 },
  'lazy-cpumask-missing-mb-fixed': { operations: { verify: fixedOperations } },
  'mremap-late-flush': { operations: { verify: 3 }, strategy: 'pct', runs: 30_000, bounds: { vcpus: 2 } },
  'mremap-late-flush-fixed': { operations: { verify: fixedOperations } },
  'switch-mm-store-buffer': { operations: { verify: 3 }, strategy: 'delay' },
  'switch-mm-store-buffer-fixed': { operations: { verify: fixedOperations } },
  'vpid02-reuse': { operations: { verify: 3 } },
  'vpid02-reuse-fixed': { operations: { verify: fixedOperations } },
}

for (const id of ids) {
  const { broken, fixed } = (await import(join(folder, `${id}.ts`))) as Bug
  describe(id, () => {
    for (const policy of [broken, fixed])
      describePolicy(policy, { runs: runsOf(policy), summary: false, ...settings[policy.name], corpus })
    const kept = cases.filter(({ case: each }) => each.policy === broken.name)

    test('is named after its file, and has a case that is proved to be minimal', () => {
      expect(broken.name).toBe(id)
      expect(kept.map(({ case: each }) => each.minimality)).toContain('minimal')
    })

    test('every case is reproduced, and is none of the repaired twin', () => {
      for (const { case: each } of kept) {
        expect(replayCase(each, broken).outcome).toBe('reproduced')
        expect(replayCase(each, fixed).outcome).not.toBe('reproduced')
      }
    })

    test('the twins are one source that differs in what it is told', () => {
      expect(sourcesOf(fixed)).toEqual(sourcesOf(broken))
    })
  })
}

/** The code of a policy: of all functions that are in it, but for the schema of its options. */
const sourcesOf = ({ options: _schema, ...policy }: Policy): string[] => functionsIn(policy)

function functionsIn(value: unknown): string[] {
  if (typeof value === 'function') return [String(value)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(functionsIn) : []
}
