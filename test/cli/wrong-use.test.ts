/** Wrong use: every mistake ends with status 2 at once, and one sentence that says what was given and what was expected. */
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/parser.ts'
import { SHIPPED, shootdown } from './drive.ts'

/** The sentence of a wrong use; nothing else is written. */
async function sentence(...argv: string[]): Promise<string> {
  const { status, out, err } = await shootdown(argv)
  expect({ status, out }, argv.join(' ')).toEqual({ status: 2, out: '' })
  expect(err).toMatch(/^[^\n]+\.\n$/)
  return err.trimEnd()
}

const NUMBERS: readonly [option: string, expected: string, ...bad: string[]][] = [
  ['--runs', 'a whole number from 1 to 1000000000', '0', '1.5', 'many', '1e10', 'NaN', 'Infinity', '0b2'],
  ['--seed', 'a whole number from 0 to 4294967295', '4294967296', '0.1', 'x'],
  ['--cpus', 'a whole number from 1 to 6', '0', '7', 'two'],
  ['--pcpus', 'a whole number from 1 to 6', '0', '7'],
  ['--operations', 'a whole number from 1 to 6', '0', '7'],
  ['--preemptions', 'a whole number from 0 to 8', '9', 'x'],
  ['--levels', 'a whole number from 2 to 5', '1', '6'],
  ['--speculation', 'a whole number from 0 to 8', '9', 'x'],
  ['--store-buffer', 'a whole number from 0 to 8', '9', 'x'],
  ['--time', 'a number of seconds above 0', '0', 'soon'],
]

describe.each(NUMBERS)('%s', (option, expected, ...bad) => {
  it.each(bad)(`%s is refused: expected ${expected}`, async (value) => {
    const told = Number.isFinite(Number(value)) ? String(Number(value)) : '(".+"|null)'
    expect(await sentence('policies', option, value)).toMatch(
      new RegExp(`^Option ${option} is ${told}; expected ${expected}\\.$`),
    )
  })

  it('is refused without a value, and given twice', async () => {
    expect(await sentence('policies', option)).toBe(`Option ${option} is true; expected ${expected}.`)
    expect(await sentence('policies', option, '1', option, '2')).toBe(
      `Option ${option} is [1,2]; expected ${expected}.`,
    )
  })

  it('-1 is refused by this name, and is not taken for an option of its own', async () => {
    expect(await sentence('policies', option, '-1')).toMatch(
      new RegExp(`^Option ${option} is -1; expected ${expected}\\.$`),
    )
  })
})

describe('an option that is a word', () => {
  it.each([
    ['--strategy', 'luck', 'one of portfolio, feedback, pct, pos, surw, delay, preemption, random'],
    ['--gup', 'pud', 'pte or pmd'],
  ])('%s %s is refused: expected %s', async (option, value, expected) => {
    expect(await sentence('policies', option, value)).toMatch(
      new RegExp(`^Option ${option} is "${value}"; expected ${expected}`),
    )
  })

  it.each([
    ['--policy', 'the name of a policy'],
    ['--policy-file', 'the path of a TypeScript file'],
    ['--option', 'key=value'],
    ['--strategy', 'one of portfolio, feedback, pct, pos, surw, delay, preemption, random'],
    ['--gup', 'pte or pmd'],
    ['--corpus', 'a folder'],
  ])('%s is refused without a value: expected %s', async (option, expected) => {
    expect(await sentence('policies', option)).toMatch(
      new RegExp(`^Option ${option} is true; expected ${expected}`),
    )
  })

  it.each(['targets', '=sparse', ''])('--option %j is refused: expected key=value', async (value) => {
    expect(await sentence('verify', '--policy', 'hyperv-list', `--option=${value}`)).toMatch(
      /^Option --option is .*; expected key=value\.$/,
    )
  })

  it.each(['--eviction', '--migration', '--vpid', '--json'])('%s takes no value', async (option) => {
    const { status, err } = await shootdown(['policies', `${option}=maybe`])
    expect(status).toBe(2)
    expect(err).toContain('maybe')
  })

  it.each(['5', '007', '1e3', '=x'])(
    'a folder may be called %s: it is named as it was typed',
    async (folder) => {
      expect(await sentence('replay', '--corpus', folder)).toBe(
        `Option --corpus is "${folder}"; expected a folder that exists.`,
      )
    },
  )

  it.each(['--corpus', '--policy-file'])('%s is refused with an empty value', async (option) => {
    expect(await sentence('policies', `${option}=`)).toContain(`Option ${option} is ""; expected`)
  })

  it('another option is not taken for its value', async () => {
    expect(await sentence('replay', '--corpus', '--time', '5')).toBe(
      'Option --corpus is true; expected a folder.',
    )
  })
})

describe('an option that there is none of', () => {
  it.each(['--runz', '--Runs', '-x', '--dry-runs', '--no-runs', '--constructor'])(
    '%s is named, with those that there are',
    async (option) => {
      expect(await sentence('--cpus', '3', 'replay', option)).toMatch(
        new RegExp(`^Option ${option} is true; expected one of --policy, --option, .*--json\\.$`),
      )
    },
  )
})

describe('a policy that there is none of', () => {
  it('is named, with those that there are and a way to bring your own', async () => {
    expect(await sentence('verify', '--policy', 'hyperv')).toMatch(
      /^There is no policy named "hyperv"\. Known policies: native-ipi, hyperv-list, .*free-before-ack\. For one of your own, use --policy-file FILE\.$/,
    )
    expect(await sentence('verify', '--policy', 'native-ipi', '--policy', 'nope')).toContain(
      'There is no policy named "nope"',
    )
  })

  it.each(['replay', 'show', 'repair'])(
    'is named by %s as well: it says nothing, and ends with status 0',
    async (command) => {
      expect(await sentence(command, '--corpus', SHIPPED, '--policy', 'hyperv')).toContain(
        'There is no policy named "hyperv"',
      )
    },
  )
})

describe('an option of a policy', () => {
  it('is refused where the policy has none', async () => {
    expect(await sentence('verify', '--policy', 'native-ipi', '--option', 'targets=sparse')).toBe(
      'Option "targets" of policy "native-ipi": this policy has no options. Its file says which options a policy has.',
    )
  })

  it('is refused where its value is none of those it can have', async () => {
    expect(await sentence('verify', '--policy', 'hyperv-list', '--option', 'targets=all')).toMatch(
      /^Option "targets" of policy "hyperv-list": .*"plain"\|"sparse"/,
    )
  })

  it('is refused where the policy has others: it is passed over in silence', async () => {
    expect(
      await sentence(
        'verify',
        '--cpus',
        '1',
        '--operations',
        '1',
        '--policy',
        'hyperv-list',
        '--option',
        'target=sparse',
      ),
    ).toContain('target')
  })
})

describe('a command', () => {
  const all = Object.keys(COMMANDS).join(', ')

  it('that there is none of is named, with those that there are', async () => {
    expect(await sentence('huntt')).toBe(
      `There is no command "huntt"; expected one of ${all}. See npx shootdown --help.`,
    )
    expect(await sentence('HUNT')).toContain('There is no command "HUNT"')
  })

  it('is missed where there is none, with or without options', async () => {
    const missing = `No command was given; expected one of ${all}. See npx shootdown --help.`
    expect(await sentence()).toBe(missing)
    expect(await sentence('--runs', '5')).toBe(missing)
    expect(await sentence('--', 'hunt')).toBe(missing)
  })

  it.each(['hunt', 'verify', 'policies'])(
    '%s takes no other arguments, and names the one that it got',
    async (name) => {
      expect(await sentence(name, 'extra')).toBe(
        `The command ${name} takes options only, but was given "extra". See npx shootdown --help.`,
      )
    },
  )

  it('takes no other arguments behind "--" either', async () => {
    expect(await sentence('policies', '--', 'extra')).toContain('"extra"')
    expect(await sentence('policies', '--', '--json')).toContain('"--json"')
  })

  it('that is about cases takes those behind "--", whatever they begin with', async () => {
    const { err } = await shootdown(['replay', '--corpus', SHIPPED, '--', '--nope'])
    expect(err).toContain('--nope: there is no such case')
  })

  it('may stand behind its options', async () => {
    expect((await shootdown(['--cpus', '1', 'policies'])).status).toBe(0)
  })
})
