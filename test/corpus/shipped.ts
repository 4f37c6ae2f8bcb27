/** The cases that the package ships, as raw material: they are real, and they are never written to. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { policies, readCorpus, type Case } from '../../src/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'

export const folder = fileURLToPath(new URL('../../corpus', import.meta.url))
export const corpus = readCorpus(folder)
export const cases: readonly Case[] = corpus.cases.map(({ case: kept }) => kept)

/** The first case of a policy, whatever its id. */
export function caseOf(policy: string, invariant?: string): Case {
  const found = cases.find(
    (kept) => kept.policy === policy && (invariant ?? kept.invariant) === kept.invariant,
  )
  if (found === undefined) throw new Error(`no case of ${policy} is shipped`)
  return found
}

export function policyOf(name: string): AnyPolicy {
  const found = policies.find((policy) => policy.name === name)
  if (found === undefined) throw new Error(`no policy ${name} is shipped`)
  return found
}

/** The text of a shipped case's file. */
export function textOf(kept: Case): string {
  return readFileSync(corpus.cases.find(({ case: each }) => each.id === kept.id)!.file, 'utf8')
}

/** Cases that the package ships. A hunt in a checkout may add others, which tests must not mind. */
export const SHIPPED_IDS: readonly string[] = [
  'amd-invlpgb-software-walk-1910cfd5',
  'flush-before-unhook-frame-lifetime-4f2d7103',
  'flush-before-unhook-hardware-walk-4d9d1b73',
  'flush-before-unhook-page-size-coherence-9ead30ce',
  'flush-before-unhook-software-walk-0a38ded6',
  'flush-before-unhook-stale-translation-e68641c1',
  'flush-before-unhook-write-protection-58689c17',
  'flush-nobody-frame-lifetime-2b7f6fa7',
  'flush-nobody-hardware-walk-78d869c5',
  'flush-nobody-page-size-coherence-8fa32bc2',
  'flush-nobody-software-walk-f5ed551d',
  'flush-nobody-stale-translation-c9eabf1b',
  'flush-nobody-write-protection-c4865cb9',
  'free-before-ack-frame-lifetime-4a3cfe5b',
  'free-before-ack-hardware-walk-664a2343',
  'free-before-ack-page-size-coherence-5e47056f',
  'free-before-ack-software-walk-2b1f805a',
  'free-before-ack-stale-translation-2b10e086',
  'free-before-ack-write-protection-12c2e4ea',
  'hyperv-list-software-walk-a779a7a7',
  'hyperv-rcu-pinned-page-7c3370df',
  'hyperv-space-software-walk-e57bb911',
  'intel-rar-software-walk-217f8854',
  'rcu-no-fallback-software-walk-af3e395a',
  'serialization-flag-software-walk-c7e35fe6',
  'static-key-early-software-walk-2d3a2c4d',
  'xen-pv-software-walk-5ff030ef',
]
