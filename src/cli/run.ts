/** Parses a command line and runs the command; everything but the threads. */
import { ShootdownError, fail } from '../errors.ts'
import { parseArguments } from './arguments.ts'
import { WRONG_USE, type Context } from './commands/context.ts'
import { corpusCommand } from './commands/corpus.ts'
import { huntCommand } from './commands/hunt.ts'
import { livenessCommand } from './commands/liveness.ts'
import { litmusCommand } from './commands/litmus.ts'
import { listPolicies } from './commands/policies.ts'
import { repairCommand } from './commands/repair.ts'
import { replayCommand } from './commands/replay.ts'
import { showCommand } from './commands/show.ts'
import { verifyCommand } from './commands/verify.ts'
import { walkCommand } from './commands/walk.ts'
import { interruptBy } from './interrupt.ts'
import { checkOptions } from './options.ts'
import { COMMANDS, type CommandName } from './parser.ts'
import { terminal, type Streams } from './terminal.ts'

const commands: Readonly<Record<CommandName, (context: Context) => Promise<number>>> = {
  hunt: huntCommand,
  verify: verifyCommand,
  liveness: livenessCommand,
  replay: replayCommand,
  show: showCommand,
  corpus: corpusCommand,
  repair: repairCommand,
  litmus: litmusCommand,
  policies: listPolicies,
  walk: walkCommand,
}

const TAKES_ARGUMENTS = new Set<CommandName>(['replay', 'show', 'corpus', 'repair', 'litmus'])

/** Runs a command line; returns the exit status. `flag` is raised by whoever wants it to end early. */
export async function run(argv: readonly string[], flag: Int32Array, streams: Streams): Promise<number> {
  const { first, command, rest, json, options: typed } = parseArguments(argv)
  const out = terminal(streams, json)
  try {
    if (command === undefined) throw fail.noCommand(first, Object.keys(COMMANDS))
    if (rest.length > 0 && !TAKES_ARGUMENTS.has(command)) throw fail.extraArgument(command, rest[0])
    const options = checkOptions(typed)
    const context: Context = {
      options,
      terminal: out,
      interrupt: interruptBy(flag, options.time),
      rest,
    }
    return await commands[command](context)
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
