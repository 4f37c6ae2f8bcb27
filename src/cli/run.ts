/** Parses a command line and runs the command; everything but the threads. */
import { ShootdownError, fail } from '../errors.ts'
import { WRONG_USE, type Context } from './commands/context.ts'
import { huntCommand } from './commands/hunt.ts'
import { listPolicies } from './commands/policies.ts'
import { replayCommand } from './commands/replay.ts'
import { showCommand } from './commands/show.ts'
import { verifyCommand } from './commands/verify.ts'
import { interruptBy } from './interrupt.ts'
import { checkOptions } from './options.ts'
import { COMMANDS, parser, type CommandName } from './parser.ts'
import { terminal, type Streams } from './terminal.ts'

const commands: Readonly<Record<CommandName, (context: Context) => Promise<number>>> = {
  hunt: huntCommand,
  verify: verifyCommand,
  replay: replayCommand,
  show: showCommand,
  policies: listPolicies,
}

/** Runs a command line; returns the exit status. `flag` is raised by whoever wants it to end early. */
export async function run(argv: readonly string[], flag: Int32Array, streams: Streams): Promise<number> {
  const out = terminal(streams, argv.includes('--json'))
  try {
    const cli = parser()
    const parsed = cli.parse(['node', 'shootdown', ...argv], { run: false })
    const name = cli.matchedCommandName as CommandName | undefined
    if (name === undefined) throw fail.noCommand(parsed.args[0], Object.keys(COMMANDS))
    if (parsed.args.length > 0 && name !== 'replay' && name !== 'show')
      throw fail.extraArgument(name, parsed.args[0])
    const options = checkOptions(parsed.options)
    const context: Context = {
      options,
      terminal: out,
      interrupt: interruptBy(flag, options.time),
      rest: parsed.args,
    }
    return await commands[name](context)
  } catch (cause) {
    const { code, message } =
      cause instanceof ShootdownError
        ? cause
        : { code: 'internal', message: (cause as Error).stack ?? String(cause) }
    out.complain(message)
    out.object({ error: { code, message } })
    return WRONG_USE
  }
}
