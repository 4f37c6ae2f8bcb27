/**
 * Every sentence that this package says to somebody who made a mistake, in one list: which input, what was
 * found, what was expected, what to do. The rest of the code throws `fail.x(...)` and never writes prose itself.
 */

/** An error whose message is meant to be read by the person who wrote the input, policy or command. */
export class ShootdownError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ShootdownError'
    this.code = code
  }
}

const because = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const atLine = (file: string, line: number, problem: string): string => `${file}, line ${line}: ${problem}.`

export const messages = {
  notAStep: (where: string, found: string) =>
    `${where} yielded ${found}, which is not a step. Expected a step of the cpu or host handle: write \`yield* cpu.load(...)\`, not \`yield\` or a bare call.`,
  stepNotRun: (where: string, step: string) =>
    `${where} yielded a generator instead of running it (its first step is "${step}"). Write \`yield* ...\` with the star.`,
  badArgument: (where: string, step: string, found: string) =>
    `${where} gave ${found} to the step "${step}". Expected whole numbers.`,
  nondeterministic: (where: string, position: number, first: string, then: string) =>
    `${where} is not deterministic: step ${position} was "${first}" the first time and "${then}" when the same results were fed in again. Likely causes: Math.random, Date, a variable kept outside the generator, or iteration over an unordered collection. Keep state in shared variables.`,
  neverEnds: (where: string, limit: number, step: string) =>
    `${where} has not ended after ${limit} steps; it last asked for "${step}". Wait with \`yield* cpu.until(...)\` instead of spinning, or mark the loop with \`yield* cpu.checkpoint(...)\`.`,
  endlessWithoutSteps: (where: string, limit: number) =>
    `${where} asked for more than ${limit} checkpoints without a step in between. A loop must contain a step.`,
  tooManyControlStates: (where: string, limit: number) =>
    `${where} has led to more than ${limit.toLocaleString('en')} control states: what it goes on with depends on too many results. Declare the locals that still matter with \`yield* cpu.checkpoint(...)\`, or lower the \`max\` of the variables that it reads.`,
  threw: (where: string, position: number, cause: unknown) =>
    `${where} threw at step ${position}: ${because(cause)}`,
  threwInvariant: (name: string, policy: string, cause: unknown) =>
    `Invariant "${name}" of policy "${policy}" threw: ${because(cause)}. It should return true or false.`,
  notAGenerator: (where: string) =>
    `${where} did not return a generator. Declare it as a generator method: \`*${where.split(' ').at(-1)}(cpu, ...) { ... }\`, and not as an async one.`,
  checkpointLies: (where: string, key: string, first: string, then: string) =>
    `${where} reached checkpoint ${key} twice with different futures: "${first}" once, "${then}" now. A checkpoint must be given every local that the rest of the code depends on.`,
  valueTooLarge: (field: string, value: number, max: number) =>
    `"${field}" was set to ${value}; it was declared to hold 0 to ${max}. Declare a larger \`max\` for it.`,
  unbalanced: (cpu: number, step: string, problem: string) =>
    `CPU${cpu} asked for "${step}", but ${problem}. What is taken is given back once, by the CPU that took it.`,
  badConfig: (field: string, found: unknown, expected: string) =>
    `${field} is ${JSON.stringify(found)}; expected ${expected}.`,
  declaredTwice: (protocol: string, kind: string, name: string) =>
    `Protocol "${protocol}" declares the ${kind} "${name}" twice. Give each a name of its own.`,
  unknownPolicy: (name: string, known: readonly string[]) =>
    `There is no policy named "${name}". Known policies: ${known.join(', ')}. For one of your own, use --policy-file FILE.`,
  badPolicy: (source: string, problem: string) =>
    `${source}: ${problem.replace(/\.$/, '')}. A policy is the object that definePolicy({ name, summary, flush, ... }) returns.`,
  notSymmetric: (policy: string, one: string, other: string, difference: string) =>
    `Policy "${policy}" claims to treat all CPUs alike, but not so in ${one} and in ${other}: ${difference}. Leave out \`symmetric: true\` where the number of a CPU decides anything; a policy that is made from another one takes over its claim.`,
  cpusNotAlike: (protocol: string, cpus: string, how: string) =>
    `Protocol "${protocol}" declares that CPUs ${cpus} are alike, but their threads ${how}. Leave out \`cpusAlike\`, or name every variable that has a word for each CPU.`,
  impureStep: (what: string) =>
    `"${what}" reads other variables than before although what it read first is the same. What a step, a guard or a predicate does must depend on the variables and its arguments alone.`,
  policyOptions: (policy: string, option: string, problem: string) =>
    `Option "${option}" of policy "${policy}": ${problem}. Its file says which options a policy has.`,
  policyFile: (file: string, problem: string) =>
    `${file}: ${problem.replace(/\.$/, '')}. Expected a TypeScript module that exports a policy, for example \`export default definePolicy({ ... })\`.`,
  badOption: (option: string, found: unknown, expected: string) =>
    `Option ${option} is ${JSON.stringify(found)}; expected ${expected}.`,
  noCommand: (found: string | undefined, known: readonly string[]) =>
    `${found === undefined ? 'No command was given' : `There is no command "${found}"`}; expected one of ${known.join(', ')}. See npx shootdown --help.`,
  extraArgument: (command: string, found: string) =>
    `The command ${command} takes options only, but was given "${found}". See npx shootdown --help.`,
  needsFeature: (what: string, feature: string) =>
    `${what} is not there: the machine's feature "${feature}" is off. Switch it on in the scenario's machine.`,
  offPcpu: (what: string, vcpu: number) =>
    `${what} needs a pCPU to run on, but vCPU${vcpu} is on none. Use it in onVcpuEntry or a hypercall, not in onVcpuExit.`,
  unreadable: (file: string, cause: unknown) => `${file} could not be read: ${because(cause)}.`,
  badTable: atLine,
  missingArgument: (command: string, what: string) =>
    `The command ${command} needs ${what}. See npx shootdown --help.`,
  waitsAlone: (operation: string) =>
    `${operation} waits for somebody else, but it runs alone before anybody moves. Let it store what it needs and end.`,
  endedByUserCode: (file: string, code: number) =>
    `${file}: the command ended without a report, with code ${code}. Expected policy code that does not end the process; take process.exit out of it.`,
  outputWrite: (cause: unknown) =>
    `Standard output could not be written (${because(cause)}). Expected room for the whole report; make room, or write it elsewhere.`,
  badWorkload: (where: string, problem: string) => `${where}: ${problem}.`,
  workloadTooWide: (where: string, found: number, vcpus: number) =>
    `${where}: its workload is for ${found} CPUs; expected at most ${vcpus}, which is what the bounds have.`,
  corpusRead: (file: string, problem: string) => `${file}: ${problem}.`,
  corpusVersion: (file: string, found: number, known: number) =>
    `${file}: "format" is ${found}, written by a newer version; this version reads formats up to ${known}. Update shootdown to replay it.`,
  corpusTampered: (file: string, field: string, found: string, expected: string) =>
    `${file}: "${field}" is ${found}, but the content of the case gives ${expected}. The file was changed by hand or damaged; restore it, or hunt again.`,
  corpusWrite: (file: string, cause: unknown) =>
    `${file}: could not be written (${because(cause)}). The old file, if there was one, is untouched.`,
  corpusRemove: (file: string, kept: string, cause: unknown) =>
    `${file}: could not be removed (${because(cause)}). It is whole, and ${kept} keeps its race as well; remove it by hand.`,
  progressRead: (file: string, problem: string) =>
    `${file}: ${problem}. Expected a progress file that a hunt or a verification has kept, whole; remove it to begin anew.`,
  progressMisfit: (file: string, what: string, found: string, expected: string) =>
    `${file} was kept by a command whose ${what} was ${found}; this one's is ${expected}. Give the same command to go on, name another file with --resume FILE, or remove this one to begin anew.`,
  progressWrite: (file: string, cause: unknown) =>
    `${file}: progress could not be written (${because(cause)}). The search goes on; make room, or name another file with --resume FILE.`,
  outOfHeap: () =>
    'Memory ended: the command needs more than Node gives to its heap. What was found until then is kept. Set --max-memory to end in time, give Node more with NODE_OPTIONS=--max-old-space-size=MEGABYTES, or lower the number of vCPUs, operations or preemptions.',
  litmus: atLine,
  litmusFolder: (path: string, problem: string) =>
    `${path}: ${problem}. Expected a folder with tests in the herd formats X86 or X86_64 (*.litmus).`,
  litmusVerdicts: (file: string, problem: string) =>
    `${file}: ${problem}. Expected a table with a header line and the columns path, verdict, keys and states, separated by tabs.`,
  tooManyStates: (limit: number) =>
    `More than ${limit.toLocaleString('en')} states. Lower the number of vCPUs, operations or preemptions, or raise the limit.`,
  hitTooLarge: (what: string, found: number, limit: number) =>
    `The exact probability of PCT was asked for a system with ${found.toLocaleString('en')} ${what}; expected at most ${limit.toLocaleString('en')}. Lower the depth or the length, or the number of vCPUs, preemptions or speculative walks.`,
} as const

type Messages = typeof messages

/** `fail.x(...)` builds the error with code `x` and the sentence of {@link messages}; the caller throws it. */
export const fail = Object.fromEntries(
  Object.entries(messages).map(([code, text]) => [
    code,
    (...args: unknown[]) => new ShootdownError(code, (text as (...all: unknown[]) => string)(...args)),
  ]),
) as { [K in keyof Messages]: (...args: Parameters<Messages[K]>) => ShootdownError }
