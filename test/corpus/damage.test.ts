/** Files that are not, or no longer, a case: each is refused with a sentence that names the file and what is wrong. */
import { describe, expect, it } from 'vitest'
import { FORMAT, parseCase, ShootdownError } from '../../src/index.ts'
import { caseOf, textOf } from './shipped.ts'

const FILE = 'somewhere/case.json'
const kept = caseOf('hyperv-list')
const text = textOf(kept)

/** What is said of a text that is no case. */
function refusal(damaged: string): { code: string; message: string } {
  try {
    parseCase(FILE, damaged)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ShootdownError)
    const { code, message } = thrown as ShootdownError
    expect(message).toContain(FILE)
    return { code, message }
  }
  return expect.unreachable(`taken for a case: ${damaged.slice(0, 80)}`)
}
const changed = (changes: object): string => JSON.stringify({ ...kept, ...changes })

describe('a file that was cut off', () => {
  it('is refused at every length', () => {
    const whole = text.trimEnd().length
    for (let length = 0; length < whole; length++)
      expect(refusal(text.slice(0, length)).code).toBe('corpusRead')
    expect(parseCase(FILE, text.slice(0, whole))).toEqual(kept)
  })

  it.each(['', ' ', '\n\n', '\t'])('is called empty when nothing is left of it: %j', (nothing) => {
    expect(refusal(nothing).message).toBe(
      `${FILE}: is empty; expected a corpus case, whole. Restore the file, or delete it and hunt again.`,
    )
  })
})

describe('a file that is no case', () => {
  it.each(['{', 'nonsense', "{'format': 1}", '{"format": 1,}', `${text}${text}`, `${text}x`])(
    'is told that it is no JSON: %j',
    (damaged) => {
      expect(refusal(damaged).message).toContain('is no JSON')
    },
  )

  it.each([
    'null',
    '3',
    '"case"',
    '[]',
    '{}',
    'true',
    '[{"format": 1}]',
    '{"format": null}',
    '{"format": "1"}',
    '{"format": 0}',
    '{"format": 0.5}',
    '{"format": -1}',
  ])('is refused although it is JSON: %s', (damaged) => {
    expect(refusal(damaged).message).toContain('Restore the file, or delete it and hunt again')
  })

  it.each(Object.keys(kept).filter((key) => !['found', 'certificate', 'options', 'explained'].includes(key)))(
    'is refused without %s, which is named',
    (key) => {
      const { code, message } = refusal(changed({ [key]: undefined }))
      expect(code).toBe('corpusRead')
      expect(message).toContain(`"${key}"`)
    },
  )

  it('is refused with a field that no case has', () => {
    expect(refusal(changed({ comment: 'mine' })).message).toContain('comment')
  })

  it('is refused with an empty schedule', () => {
    expect(refusal(changed({ schedule: [] })).message).toContain('"schedule"')
  })
})

describe('a file of a newer version', () => {
  it.each([FORMAT + 1, 99, 1e9])('says so, and what this one reads: format %d', (format) => {
    expect(refusal(changed({ format, novelty: true }))).toEqual({
      code: 'corpusVersion',
      message: `${FILE}: "format" is ${format}, written by a newer version; this version reads formats up to ${FORMAT}. Update shootdown to replay it.`,
    })
  })
})

describe('a file that was changed by hand', () => {
  it('is refused under another id', () => {
    expect(refusal(changed({ id: 'hyperv-list-software-walk-00000000' }))).toEqual({
      code: 'corpusTampered',
      message: `${FILE}: "id" is hyperv-list-software-walk-00000000, but the content of the case gives ${kept.id}. The file was changed by hand or damaged; restore it, or hunt again.`,
    })
  })

  it.each([
    ['schedule', { schedule: kept.schedule.toReversed() }],
    ['schedule', { schedule: kept.schedule.slice(1) }],
    ['workload', { workload: kept.workload.toReversed() }],
    ['bounds', { bounds: { ...kept.bounds, preemptions: 0 } }],
    ['policy', { policy: 'native-ipi' }],
    ['invariant', { invariant: 'frame-lifetime' }],
    ['options', { options: { targets: 'sparse' } }],
  ])('is refused when its race is another one: %s', (_field, changes) => {
    const { code, message } = refusal(changed(changes))
    expect(code).toBe('corpusTampered')
    expect(message).toContain(`"id" is ${kept.id}, but the content of the case gives `)
  })

  it.each([
    ['certificate', { certificate: { ...kept.certificate, states: 1 } }],
    ['certificate', { certificate: undefined }],
    ['minimality', { minimality: 'local' }],
    ['size', { size: { ...kept.size, steps: 1 } }],
    ['explanation', { explanation: 'nothing happened' }],
    ['digest', { digest: '0000000000000000' }],
  ])('is refused when its claims are others: %s', (_field, changes) => {
    const { code, message } = refusal(changed(changes))
    expect(code).toBe('corpusTampered')
    expect(message).toContain('"digest"')
  })

  it('is taken when only what it should end in, or where it was found, was changed', () => {
    const found = { seed: 7, strategy: 'mine', run: 3, version: '0' }
    expect(parseCase(FILE, changed({ expect: 'fixed', found }))).toEqual({ ...kept, expect: 'fixed', found })
    expect(parseCase(FILE, changed({ found: undefined }))).not.toHaveProperty('found')
  })

  it('is taken when a 0 is written as -0, and is read as if it were not', () => {
    const damaged = text.replace('"page": 0', '"page": -0')
    expect(damaged).not.toBe(text)
    expect(parseCase(FILE, damaged)).toEqual(kept)
  })

  it('is taken when its keys stand in another order', () => {
    expect(parseCase(FILE, JSON.stringify(Object.fromEntries(Object.entries(kept).toReversed())))).toEqual(
      kept,
    )
  })
})
