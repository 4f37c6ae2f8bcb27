/**
 * CPU time of the certificate of each race that is kept, of the shipped policies and of the bugs: the search that proves it
 * minimal, done again from the race itself. Finding the race, and what a hunt shrinks before it proves, is no part of it.
 */
import { strict as assert } from 'node:assert'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { certifyAgain, policies, raceOfCase, readCorpus, type Case, type Policy } from '../src/index.ts'
import { measure, median, type Counts } from './measure.ts'
import type { Report } from './report.ts'

const REPETITIONS = 3
const WARM_UP = 1
/** Milliseconds that a certificate may take. */
const AT_MOST = 2000

const root = join(import.meta.dirname, '..')

async function knownPolicies(): Promise<readonly Policy[]> {
  const bugs = readdirSync(join(root, 'bugs')).filter((file) => file.endsWith('.ts'))
  const modules = bugs.map((file) => import(join(root, 'bugs', file)) as Promise<{ broken: Policy }>)
  return [...policies, ...(await Promise.all(modules)).map(({ broken }) => broken)]
}

/** Proves a kept race again; fails where another one comes out. */
function proof(file: string, kept: Case, policy: Policy): () => Counts {
  const race = raceOfCase(file, kept, policy)
  const { certificate } = kept
  assert(certificate !== undefined, `${file} has no certificate`)
  return () => {
    const proven = certifyAgain({ race, certificate })
    assert(proven !== undefined, `${file} is not proved any more`)
    assert.deepEqual(proven.race.schedule, race.schedule, file)
    return { workloads: proven.certificate.workloads, states: proven.certificate.states }
  }
}

export async function certificates(): Promise<Report> {
  const known = await knownPolicies()
  const kept = ['corpus', 'bugs/corpus'].flatMap((folder) => readCorpus(join(root, folder)).cases)
  const cases = kept.filter(({ case: each }) => each.minimality === 'minimal' && each.cycle === undefined)
  const proofs = cases.map(({ file, case: each }) => {
    const policy = known.find(({ name }) => name === each.policy)
    assert(policy !== undefined, `${each.policy} is not known`)
    return [each.id, proof(file, each, policy)] as const
  })
  const samples = await measure(Object.fromEntries(proofs), REPETITIONS, WARM_UP)
  const rows = cases.map(({ case: { id, policy, invariant, size, certificate } }) => ({
    policy,
    invariant,
    operations: size.operations,
    scope: certificate!.scope,
    workloads: samples[id][0].counts['workloads'],
    states: samples[id][0].counts['states'],
    'CPU ms': Math.round(median(samples[id].map(({ seconds }) => seconds * 1000))),
  }))
  const slowest = Math.max(...rows.map((row) => row['CPU ms']))
  return {
    title: 'Certificates',
    about: `the race of each kept case proved minimal again, medians of ${REPETITIONS}, CPU time`,
    rows,
    floors: [{ what: 'slowest certificate, CPU ms', value: slowest, atMost: AT_MOST }],
  }
}
