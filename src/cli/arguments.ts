/**
 * A command line taken apart: the command, its other arguments, its options. Values stay the text that was typed, so that
 * a folder may be called 007; what they should be is another matter.
 */
import { parseArgs } from 'node:util'
import { COMMANDS, parser, type CommandName } from './parser.ts'

export interface Arguments {
  /** The first argument that is no option and not behind "--": what should be the command. */
  readonly first: string | undefined
  readonly command: CommandName | undefined
  /** Arguments behind the command that are no options. */
  readonly rest: readonly string[]
  /**
   * By name in camel case, or as typed where there is no such option: the text of the value, true without one, false
   * for a switch that was turned off, an array for what was given repeatedly.
   */
  readonly options: Readonly<Record<string, unknown>>
  /** Known before the options are checked, since mistakes are told in JSON as well. */
  readonly json: boolean
  readonly help: boolean
  readonly version: boolean
}

const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Whether an option takes a value, or may. */
type Takes = 'value' | 'optional' | 'nothing'

/** The options that the parser knows, by long name. */
function knownOptions(): Map<string, Takes> {
  return new Map(
    parser().globalCommand.options.map(({ rawName, required }) => [
      /--(?:no-)?([a-z0-9-]+)/.exec(rawName)![1],
      required === true ? 'value' : required === false ? 'optional' : 'nothing',
    ]),
  )
}

export function parseArguments(argv: readonly string[]): Arguments {
  const known = knownOptions()
  const declared = Object.fromEntries(
    [...known].map(([name, takes]) => [name, { type: takes === 'value' ? 'string' : 'boolean' } as const]),
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...declared,
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
    strict: false,
    tokens: true,
  })
  const options: Record<string, unknown> = {}
  const rest: string[] = []
  let first: string | undefined
  let ended = false
  /** The option before, if what comes next may be its value: behind the command, for commands are no values. */
  let open: string | undefined
  for (const token of tokens) {
    const before = open
    open = undefined
    if (token.kind === 'option-terminator') ended = true
    else if (token.kind === 'option') {
      const off = token.name.startsWith('no-') && known.get(token.name.slice(3)) === 'nothing'
      const name = off ? token.name.slice(3) : token.name
      const key = known.has(name) ? camelCase(name) : token.rawName
      const value = valueOf(token) ?? !off
      options[key] = key in options ? [options[key], value].flat() : value
      if (known.get(name) === 'optional' && value === true && first !== undefined) open = key
    } else if (before !== undefined && !ended && options[before] === true) options[before] = token.value
    else if (first === undefined && !ended) first = token.value
    else rest.push(token.value)
  }
  const { help, version, ...others } = options
  return {
    first,
    command: first !== undefined && Object.hasOwn(COMMANDS, first) ? (first as CommandName) : undefined,
    rest,
    options: others,
    json: argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json'),
    help: help !== undefined,
    version: version !== undefined,
  }
}

/** What looks like another option is no value, unless it is a negative number or stands behind "=". */
function valueOf({
  value,
  inlineValue,
}: {
  value?: string | undefined
  inlineValue?: boolean | undefined
}): string | undefined {
  const isOption = inlineValue !== true && value?.startsWith('-') === true && Number.isNaN(Number(value))
  return isOption ? undefined : value
}
