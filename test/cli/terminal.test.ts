/** What is written where: report and JSON to standard output, progress and complaints to standard error. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sharedFlag } from '../../src/cli/interrupt.ts'
import { run } from '../../src/cli/run.ts'
import { terminal, type Streams } from '../../src/cli/terminal.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf } from '../corpus/shipped.ts'
import { policyFile, SHIPPED } from './drive.ts'

/** Streams that record, as a terminal of this width or none. */
function recorder(
  liveColumns: number,
  styled = liveColumns > 0,
): Streams & { texts: { out: string[]; err: string[] } } {
  const texts = { out: [] as string[], err: [] as string[] }
  return {
    texts,
    liveColumns,
    styled,
    out: (text) => void texts.out.push(text),
    err: (text) => void texts.err.push(text),
  }
}

describe('progress', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
    vi.advanceTimersByTime(5000)
  })
  afterEach(() => void vi.useRealTimers())

  it('is one line, written over itself, and gone before anything else is written', () => {
    const streams = recorder(80)
    const shown = terminal(streams, false)
    shown.progress('a long line of progress')
    vi.advanceTimersByTime(200)
    shown.progress('short')
    shown.say('report')
    expect(streams.texts.err).toEqual([
      '\ra long line of progress',
      `\r${'short'.padEnd(23)}`,
      `\r${' '.repeat(5)}\r`,
    ])
    expect(streams.texts.out).toEqual(['report\n'])
    shown.complain('complaint')
    expect(streams.texts.err.at(-1)).toBe('complaint\n')
  })

  it('is not written more often than ten times a second', () => {
    const streams = recorder(80)
    const shown = terminal(streams, false)
    for (let i = 0; i < 1000; i++) {
      shown.progress(`${i}`)
      vi.advanceTimersByTime(1)
    }
    expect(streams.texts.err.length).toBeLessThanOrEqual(11)
    expect(streams.texts.err.length).toBeGreaterThan(5)
  })

  it('does not wrap', () => {
    const streams = recorder(40)
    terminal(streams, false).progress('x'.repeat(200))
    expect(streams.texts.err[0].length).toBeLessThanOrEqual(40)
  })

  it.each([
    ['in a pipe', 0, false],
    ['with --json', 80, true],
  ])('is not shown %s', (_what, columns, json) => {
    const streams = recorder(columns)
    const shown = terminal(streams, json)
    shown.progress('progress')
    shown.clearProgress()
    expect(streams.texts).toEqual({ out: [], err: [] })
  })
})

describe('style', () => {
  const heading = async (argv: string[], streams: ReturnType<typeof recorder>): Promise<string> => {
    await run(argv, sharedFlag(), streams)
    return streams.texts.out.join('')
  }
  const show = ['show', caseOf('hyperv-list').id, '--corpus', SHIPPED]

  it('is there on a terminal, and nowhere else', async () => {
    const bold = `\u001B[1m${caseOf('hyperv-list').id}`
    expect(await heading(show, recorder(80))).toContain(bold)
    expect(await heading(show, recorder(80, false))).not.toContain('\u001B')
    expect(await heading([...show, '--json'], recorder(80))).not.toContain('\u001B')
  })
})

it('a command on a terminal shows its progress and clears it, and its report is the same as in a pipe', async () => {
  const argv = ['verify', '--cpus', '1', '--policy-file', policyFile(''), '--corpus', temporaryFolder()]
  const [live, pipe] = [recorder(80, false), recorder(0)]
  expect(await run(argv, sharedFlag(), live)).toBe(0)
  expect(await run(argv, sharedFlag(), pipe)).toBe(0)
  const timeless = (texts: string[]): string => texts.join('').replaceAll(/\(\d+\.\d s\)/g, '(T s)')
  expect(timeless(live.texts.out)).toBe(timeless(pipe.texts.out))
  expect(live.texts.err[0]).toMatch(/^\rmine: \d+ of \d+ workloads, [\d,]+ states$/)
  expect(live.texts.err.at(-1)).toMatch(/^\r +\r$/)
  expect(pipe.texts.err).toEqual([])
})
