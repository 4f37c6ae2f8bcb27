/** The command line as cac sees it: commands, options, and their help. */
import { cac } from 'cac'
import { strategies } from '../explore/strategies.ts'
import { VERSION } from '../version.ts'

export const COMMANDS = {
  hunt: 'look for races, shrink them, prove them minimal, keep them',
  verify: 'search every workload and schedule within bounds',
  liveness: 'search every workload within bounds for fair runs that never end, keep them',
  replay: 'replay corpus cases: reproduced, fixed or diverged',
  show: 'show corpus cases as lane diagrams',
  corpus: 'dedupe, minimize, why, recertify: look after corpus cases',
  repair: 'look for the smallest insertions that cure corpus cases',
  litmus: 'run litmus tests in herd formats on this machine, compare them with a table',
  policies: 'list the policies and what is claimed of them',
  walk: 'check the page walk against a table of verdicts',
} as const

export type CommandName = keyof typeof COMMANDS

/** The parser; it also writes the help and the version. */
export function parser(): ReturnType<typeof cac> {
  const cli = cac('shootdown')
  const takes: Readonly<Record<string, string>> = {
    replay: ' [...cases]',
    show: ' [...cases]',
    corpus: ' <what> [...cases]',
    repair: ' [...cases]',
    litmus: ' [dir]',
  }
  for (const [name, summary] of Object.entries(COMMANDS)) cli.command(`${name}${takes[name] ?? ''}`, summary)
  cli
    .option('--policy <name>', 'the policy, or several by repeating it (default: all shipped ones)')
    .option('--policy-file <file>', 'a TypeScript file of your own that exports a policy')
    .option('--option <key=value>', 'an option of the policy; may be repeated')
    .option('--runs <n>', 'random runs (default 100000)')
    .option('--seed <n>', 'seed of the random runs (default 1)')
    .option('--strategy <name>', `${Object.keys(strategies).join(', ')} (default portfolio)`)
    .option('--cpus <n>', 'virtual CPUs (default 2)')
    .option('--pcpus <n>', 'physical CPUs (default: as many)')
    .option('--operations <n>', 'operations of a workload, at most (hunt: 4, verify, liveness and repair: 2)')
    .option('--preemptions <n>', 'preemptions by the host, at most (default 1)')
    .option('--levels <n>', 'levels of the page tables, 2 to 5 (default 2)')
    .option('--speculation <n>', 'speculative page walks, at most (default 1)')
    .option('--store-buffer <n>', 'stores that the store buffer of a CPU holds (default 0: none)')
    .option('--x2apic', 'send IPIs by WRMSR, which may overtake buffered stores')
    .option('--eviction', 'let TLB entries vanish at any time')
    .option('--migration', 'let vCPUs move between pCPUs')
    .option('--no-vpid', 'flush at every VM entry')
    .option('--gup <form>', 'what gup_fast compares again: pte (as in 2017) or pmd (default)')
    .option('--no-reduction', 'search schedules that nobody can tell apart one by one')
    .option('--time <seconds>', 'end after so long; a hunt enumerates all there is if that fits')
    .option('--max-memory <size>', 'end what would take more memory: 500M, 2G (hunt, verify)')
    .option('--workers <n>', 'threads that search (hunt, verify; default 1); what is found is the same')
    .option('--resume [file]', 'go on where the same command was interrupted (default: beside the corpus)')
    .option('--corpus <dir>', 'folder of the cases (default corpus)')
    .option('--verdicts <file>', 'the table to compare with (walk, litmus)')
    .option('--explain', 'mark what matters in each step, and name the order that is the bug (show)')
    .option(
      '--generalize',
      'count the orders of the steps that fail, and say what they have in common (show)',
    )
    .option('--dry-run', 'say what would be removed, and remove nothing (corpus dedupe)')
    .option('--json', 'one JSON object on standard output and nothing else there')
    .help()
    .version(VERSION)
  // A switch is on or off: cac would say "(default: true)" of every option that begins with "no".
  for (const option of cli.globalCommand.options) if (option.negated) option.config.default = undefined
  return cli
}

/** Prints the help: that of a command, if one is named. */
export function printHelp(name: CommandName | undefined): void {
  const cli = parser()
  const command = cli.commands.find((each) => each.name === name)
  ;(command ?? cli.globalCommand).outputHelp()
}

export const printVersion = (): void => parser().outputVersion()
