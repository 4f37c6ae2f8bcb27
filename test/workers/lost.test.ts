/** Workers that are lost, throw, are stopped or find no memory: nothing is counted twice, and nothing is swallowed. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MemoryLimit } from '../../src/engine/memory.ts'
import { policiesFrom } from '../../src/policies/from-file.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { verify } from '../../src/verify/verify.ts'
import { verifyInWorkers } from '../../src/workers/in-workers.ts'
import { moduleFile } from '../cli/drive.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { quiet } from '../explore/quiet.ts'
import { thorough } from '../thorough.ts'

const bounds = quiet({ groups: [[0]] })

/** A policy of a user's file that is sound; `early` runs at the beginning of each of its flushes. */
async function policyThat(early: string, names = '') {
  const policyFile = moduleFile(`
    import { appendFileSync, openSync } from 'node:fs'
    import { workerData } from 'node:worker_threads'
    const inWorker = workerData?.recipe !== undefined
    let flushes = 0
    ${names}
    export default shootdown.definePolicy({
      name: 'mine',
      summary: 'One of the tests',
      *flush(cpu, request) {
        flushes++
        ${early}
        yield* cpu.flushLocal(request)
        yield* cpu.callFunction(request.targets, request)
      },
    })`)
  const [policy] = await policiesFrom(policyFile)
  return { policy, policyFile, bounds, operations: 2 }
}

describe('units of a worker that is lost', () => {
  it('are done by another', async () => {
    const once = join(temporaryFolder(), 'once')
    const told = join(temporaryFolder(), 'told')
    const options = await policyThat(`
      if (inWorker && flushes === 5) {
        let first = true
        try { openSync(${JSON.stringify(once)}, 'wx') } catch { first = false }
        if (first) process.exit(3)
      }
      if (!inWorker) appendFileSync(${JSON.stringify(told)}, 'x')`)
    const { states, transitions, workloads } = await verifyInWorkers({ ...options, workers: 2 })
    expect(existsSync(once)).toBe(true)
    // The claim of symmetry is not made, so nothing but units runs the code.
    expect(existsSync(told)).toBe(false)
    expect({ states, transitions, workloads }).toEqual(countsOf(verify(options)))
  })

  it.skipIf(!thorough)('are done here where all are lost', async () => {
    const lost = join(temporaryFolder(), 'lost')
    const options = await policyThat(
      `if (inWorker && flushes === 5) { appendFileSync(${JSON.stringify(lost)}, 'x'); process.exit(3) }`,
    )
    const { states, transitions, workloads } = await verifyInWorkers({ ...options, workers: 3 })
    expect(readFileSync(lost, 'utf8')).toBe('xxx')
    expect({ states, transitions, workloads }).toEqual(countsOf(verify(options)))
  })
})

const countsOf = ({ states, transitions, workloads }: ReturnType<typeof verify>) => ({
  states,
  transitions,
  workloads,
})

describe('what a worker throws', () => {
  it('is thrown here, as by one thread, and not before all that comes first is merged', async () => {
    const options = await policyThat(`if (request.pages.length !== 1) throw new TypeError('too wide')`)
    const noted = { alone: 0, shared: 0 }
    const alone = thrownBy(() => verify({ ...options, onUnit: () => noted.alone++ }))
    const shared = await verifyInWorkers({ ...options, workers: 2, onUnit: () => noted.shared++ }).catch(
      (error: unknown) => error,
    )
    expect(alone).toMatchObject({ name: 'ShootdownError', code: 'threw' })
    expect(shared).toMatchObject({ name: 'ShootdownError', code: 'threw', message: (alone as Error).message })
    expect(noted.shared).toBe(noted.alone)
  })

  it('is thrown here where its policy cannot be loaded there', async () => {
    const options = await policyThat('', `if (inWorker) throw new Error('not in a worker')`)
    await expect(verifyInWorkers({ ...options, workers: 2 })).rejects.toThrow(
      `${options.policyFile}: could not be loaded (not in a worker).`,
    )
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}

it('a policy that cannot be imported stays on one thread', async () => {
  let calls = 0
  const policy = definePolicy({
    ...nativeIpi,
    name: 'mine',
    *flush(cpu, request, shared) {
      calls++
      yield* nativeIpi.flush(cpu, request, shared)
    },
  })
  const { states } = await verifyInWorkers({ policy, bounds, operations: 1, workers: 2 })
  expect(calls).toBeGreaterThan(0)
  expect(states).toBe(verify({ policy: nativeIpi, bounds, operations: 1 }).states)
})

it.skipIf(!thorough)('units for which memory ends beside others are done again alone', async () => {
  const options = { policy: nativeIpi, bounds, operations: 2 }
  // The workers measure the process, which is larger; here nothing is held.
  const memory = new MemoryLimit(1 << 26, () => 0)
  const { verdict, states, full } = await verifyInWorkers({ ...options, workers: 2, memory })
  expect({ verdict, states, full }).toEqual({
    verdict: 'safe',
    states: verify(options).states,
    full: undefined,
  })
})

it.skipIf(!thorough)('a workload for which memory ends even alone is named', async () => {
  // Beside what is always kept free, there is room for the tables of small workloads.
  const limit = (): MemoryLimit => new MemoryLimit((24 << 20) + (1 << 15), () => 0)
  const options = { policy: nativeIpi, bounds: quiet({ speculation: 1 }), operations: 2 }
  const alone = verify({ ...options, memory: limit() })
  const shared = await verifyInWorkers({ ...options, workers: 2, memory: limit() })
  expect(alone).toMatchObject({ verdict: 'incomplete' })
  expect(alone.full).toBeDefined()
  expect({ ...shared, seconds: 0 }).toEqual({ ...alone, seconds: 0 })
})

it.skipIf(!thorough)(
  'workers in the middle of a large unit are stopped, and what they have is counted',
  async () => {
    const begun = performance.now()
    let asked = 0
    const { verdict, states } = await verifyInWorkers({
      policy: nativeIpi,
      bounds: quiet({ vcpus: 4, pcpus: 4, preemptions: 3, speculation: 2 }),
      operations: 3,
      workers: 2,
      stop: () => performance.now() - begun > 3000 && ++asked > 0,
    })
    expect(verdict).toBe('incomplete')
    expect(states).toBeGreaterThan(0)
    expect(asked).toBe(1)
  },
)
