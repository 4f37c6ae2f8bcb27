/** A limit to memory holds while tables grow, and what is given back is there again. */
import { describe, expect, it } from 'vitest'
import { isOutOfMemory, MemoryLimit, OutOfMemory, release } from '../../src/engine/memory.ts'
import { StateSet } from '../../src/engine/state-set.ts'

const MB = 1 << 20

/** A process that holds what it was asked for, and so much from the start. */
function pretended(limit: number, held: number, garbage = 0) {
  const process = { held, garbage, measured: 0 }
  const memory = new MemoryLimit(
    limit,
    () => (process.measured++, process.held + process.garbage),
    () => void (process.garbage = 0),
  )
  return { process, memory }
}

describe('a limit', () => {
  it('never lets the process hold more, however it is asked', () => {
    for (const step of [1 << 10, 100 << 10, 7 * MB, 30 * MB]) {
      const { process, memory } = pretended(300 * MB, 50 * MB)
      expect(() => {
        for (;;) {
          memory.ask(step)
          process.held += step
        }
      }).toThrow(OutOfMemory)
      expect(process.held).toBeLessThanOrEqual(300 * MB)
      expect(process.held).toBeGreaterThan(300 * MB - 40 * MB - step)
    }
  })

  it('measures now and then, not at every question', () => {
    const { process, memory } = pretended(300 * MB, 50 * MB)
    for (let i = 0; i < 1000; i++) memory.ask(10 << 10)
    expect(process.measured).toBeGreaterThan(0)
    expect(process.measured).toBeLessThan(10)
  })

  it('sees what others take in between', () => {
    const { process, memory } = pretended(300 * MB, 50 * MB)
    memory.ask(1)
    process.held = 290 * MB
    expect(() => {
      for (let i = 0; i < 20; i++) memory.ask(MB)
    }).toThrow(OutOfMemory)
    expect(memory.exceeded).toBe(true)
  })

  it('does not give up for garbage', () => {
    const { process, memory } = pretended(300 * MB, 50 * MB, 245 * MB)
    memory.ask(10 * MB)
    expect(process.garbage).toBe(0)
    expect(memory.exceeded).toBe(false)
  })

  it('is there for sets of states: none of its allocations is unasked', () => {
    let asked = 0
    const memory = { ask: (bytes: number) => void (asked += bytes) } as MemoryLimit
    const set = new StateSet(8, memory)
    for (let i = 0; i < 100_000; i++) {
      set.probe[0] = i
      set.add()
      expect(set.bytes - 512 * 4).toBeLessThanOrEqual(asked)
    }
    expect(set.count).toBe(100_000)
  })

  it('leaves a set of states as it was when it refuses', () => {
    let left = 40
    const memory = {
      ask() {
        if (left-- === 0) throw new OutOfMemory()
      },
    } as unknown as MemoryLimit
    const set = new StateSet(8, memory)
    const add = (i: number): number => {
      set.probe[0] = i
      return set.add()
    }
    let added = 0
    expect(() => {
      for (; ; added++) add(added)
    }).toThrow(OutOfMemory)
    left = Infinity
    for (let i = 0; i < set.count; i++) expect(add(i)).toBe(-1 - i)
    expect(add(set.count)).toBe(set.count - 1)
  })
})

it('the end of the memory of the machine is told from other mistakes', () => {
  expect(isOutOfMemory(new OutOfMemory())).toBe(true)
  let thrown: unknown
  try {
    void new ArrayBuffer(Number.MAX_SAFE_INTEGER)
  } catch (cause) {
    thrown = cause
  }
  expect(isOutOfMemory(thrown)).toBe(true)
  expect(isOutOfMemory(new RangeError('Invalid array length'))).toBe(false)
  expect(isOutOfMemory(new Error('oh no'))).toBe(false)
})

it('memory that is released is given back at once, without a collector', () => {
  const large = new Uint8Array(200 * MB).fill(1)
  const before = process.memoryUsage.rss()
  release(large)
  expect(large).toHaveLength(0)
  expect(process.memoryUsage.rss()).toBeLessThan(before - 150 * MB)
})
