/** The package's voice, to be read in one minute: everything that it says to somebody who made a mistake. */
import { describe, expect, it } from 'vitest'
import { fail, messages, ShootdownError } from '../src/errors.ts'

type Code = keyof typeof messages

/** A sample of every message, with arguments such as the code gives. */
const samples: { [K in Code]: Parameters<(typeof messages)[K]> } = {
  badArgument: ['munmap(0) on CPU0, policy mine', 'store', '0.5'],
  notAStep: ['munmap(0) on CPU0, policy mine', '3'],
  stepNotRun: ['munmap(0) on CPU0, policy mine', 'load'],
  nondeterministic: ['munmap(0) on CPU0, policy mine', 4, 'load(3, 0, 0)', 'store(3, 1, 0)'],
  neverEnds: ['munmap(0) on CPU0, policy mine', 2000, 'load(3, 0, 0)'],
  endlessWithoutSteps: ['munmap(0) on CPU0, policy mine', 2000],
  threw: ['munmap(0) on CPU0, policy mine', 4, new TypeError('oh no')],
  threwInvariant: ['no-asks', 'mine', new TypeError('oh no')],
  notAGenerator: ['mine flush'],
  checkpointLies: ['munmap(0) on CPU0, policy mine', 'again(1)', 'load(3, 0, 0)', 'cli(0, 0, 0)'],
  valueTooLarge: ['asked', 9, 7],
  declaredTwice: ['seed race', 'variable', 'pmd'],
  badConfig: ['bounds.vcpus', 9, 'a whole number from 1 to 6'],
  unknownPolicy: ['hyperv', ['native-ipi', 'hyperv-list']],
  badPolicy: ['mine.ts', '"flush": expected a generator method'],
  policyOptions: ['hyperv-list', 'targets', 'expected "plain" or "sparse"'],
  policyFile: ['mine.ts', 'there is no such file'],
  badOption: ['--runs', 'many', 'a whole number from 1 to 1000000000'],
  noCommand: ['huntt', ['hunt', 'verify']],
  extraArgument: ['hunt', 'extra'],
  needsFeature: ['INVPCID', 'pcids'],
  offPcpu: ['INVEPT', 1],
  unreadable: ['walks.tsv', new Error('ENOENT: no such file or directory')],
  badTable: ['walks.tsv', 2, 'has "2" as pte_p; expected 0 or 1'],
  waitsAlone: ['setup'],
  endedByUserCode: ['mine.ts', 0],
  outputWrite: [new Error('ENOSPC: no space left on device, write')],
  badWorkload: ['case.json', 'operation "munmap" has page 9; expected one of 0, 2, 3'],
  corpusRead: ['case.json', 'is empty; expected a corpus case, whole'],
  corpusVersion: ['case.json', 2, 1],
  corpusTampered: ['case.json', 'id', 'a-b-1', 'a-b-2'],
  corpusWrite: ['case.json', new Error('ENOSPC: no space left on device')],
  corpusRemove: ['case.json', 'better.json', new Error('EPERM: operation not permitted')],
  workloadTooWide: ['case.json', 3, 2],
  progressRead: ['hunt.json', 'is damaged'],
  progressMisfit: ['hunt.json', 'number of runs', '1000', '2000'],
  progressWrite: ['hunt.json', new Error('ENOSPC: no space left on device')],
  outOfHeap: [],
  litmus: ['sb.litmus', 3, 'the row has 3 columns, expected 2'],
  litmusFolder: ['tests', 'it holds no tests'],
  litmusVerdicts: ['verdicts.tsv', 'the header has no column "keys"'],
  missingArgument: ['litmus', 'one folder of litmus tests'],
  tooManyStates: [1_000_000],
  hitTooLarge: ['actors that can move', 9, 7],
  tooManyControlStates: ['munmap(0) on CPU0, policy mine', 1_048_576],
  notSymmetric: [
    'mine',
    'CPU0 munmap(0)',
    'CPU1 munmap(0)',
    'one takes "send IPI" 1 time and the other 0 times',
  ],
  cpusNotAlike: ['seed race', '1, 2', 'go through different control states'],
  impureStep: ['read PMD'],
  unbalanced: [1, 'unlock mmap_lock', 'CPU0 holds it'],
}
const codes = Object.keys(messages) as Code[]
const say = (code: Code): string =>
  (messages[code] as (...args: readonly unknown[]) => string)(...samples[code])

it('every message, word for word', () => {
  expect(codes.map((code) => `${code}\n  ${say(code)}`).join('\n')).toMatchInlineSnapshot(`
    "notAStep
      munmap(0) on CPU0, policy mine yielded 3, which is not a step. Expected a step of the cpu or host handle: write \`yield* cpu.load(...)\`, not \`yield\` or a bare call.
    stepNotRun
      munmap(0) on CPU0, policy mine yielded a generator instead of running it (its first step is "load"). Write \`yield* ...\` with the star.
    badArgument
      munmap(0) on CPU0, policy mine gave 0.5 to the step "store". Expected whole numbers.
    nondeterministic
      munmap(0) on CPU0, policy mine is not deterministic: step 4 was "load(3, 0, 0)" the first time and "store(3, 1, 0)" when the same results were fed in again. Likely causes: Math.random, Date, a variable kept outside the generator, or iteration over an unordered collection. Keep state in shared variables.
    neverEnds
      munmap(0) on CPU0, policy mine has not ended after 2000 steps; it last asked for "load(3, 0, 0)". Wait with \`yield* cpu.until(...)\` instead of spinning, or mark the loop with \`yield* cpu.checkpoint(...)\`.
    endlessWithoutSteps
      munmap(0) on CPU0, policy mine asked for more than 2000 checkpoints without a step in between. A loop must contain a step.
    tooManyControlStates
      munmap(0) on CPU0, policy mine has led to more than 1,048,576 control states: what it goes on with depends on too many results. Declare the locals that still matter with \`yield* cpu.checkpoint(...)\`, or lower the \`max\` of the variables that it reads.
    threw
      munmap(0) on CPU0, policy mine threw at step 4: oh no
    threwInvariant
      Invariant "no-asks" of policy "mine" threw: oh no. It should return true or false.
    notAGenerator
      mine flush did not return a generator. Declare it as a generator method: \`*flush(cpu, ...) { ... }\`, and not as an async one.
    checkpointLies
      munmap(0) on CPU0, policy mine reached checkpoint again(1) twice with different futures: "load(3, 0, 0)" once, "cli(0, 0, 0)" now. A checkpoint must be given every local that the rest of the code depends on.
    valueTooLarge
      "asked" was set to 9; it was declared to hold 0 to 7. Declare a larger \`max\` for it.
    unbalanced
      CPU1 asked for "unlock mmap_lock", but CPU0 holds it. What is taken is given back once, by the CPU that took it.
    badConfig
      bounds.vcpus is 9; expected a whole number from 1 to 6.
    declaredTwice
      Protocol "seed race" declares the variable "pmd" twice. Give each a name of its own.
    unknownPolicy
      There is no policy named "hyperv". Known policies: native-ipi, hyperv-list. For one of your own, use --policy-file FILE.
    badPolicy
      mine.ts: "flush": expected a generator method. A policy is the object that definePolicy({ name, summary, flush, ... }) returns.
    notSymmetric
      Policy "mine" claims to treat all CPUs alike, but not so in CPU0 munmap(0) and in CPU1 munmap(0): one takes "send IPI" 1 time and the other 0 times. Leave out \`symmetric: true\` where the number of a CPU decides anything; a policy that is made from another one takes over its claim.
    cpusNotAlike
      Protocol "seed race" declares that CPUs 1, 2 are alike, but their threads go through different control states. Leave out \`cpusAlike\`, or name every variable that has a word for each CPU.
    impureStep
      "read PMD" reads other variables than before although what it read first is the same. What a step, a guard or a predicate does must depend on the variables and its arguments alone.
    policyOptions
      Option "targets" of policy "hyperv-list": expected "plain" or "sparse". Its file says which options a policy has.
    policyFile
      mine.ts: there is no such file. Expected a TypeScript module that exports a policy, for example \`export default definePolicy({ ... })\`.
    badOption
      Option --runs is "many"; expected a whole number from 1 to 1000000000.
    noCommand
      There is no command "huntt"; expected one of hunt, verify. See npx shootdown --help.
    extraArgument
      The command hunt takes options only, but was given "extra". See npx shootdown --help.
    needsFeature
      INVPCID is not there: the machine's feature "pcids" is off. Switch it on in the scenario's machine.
    offPcpu
      INVEPT needs a pCPU to run on, but vCPU1 is on none. Use it in onVcpuEntry or a hypercall, not in onVcpuExit.
    unreadable
      walks.tsv could not be read: ENOENT: no such file or directory.
    badTable
      walks.tsv, line 2: has "2" as pte_p; expected 0 or 1.
    missingArgument
      The command litmus needs one folder of litmus tests. See npx shootdown --help.
    waitsAlone
      setup waits for somebody else, but it runs alone before anybody moves. Let it store what it needs and end.
    endedByUserCode
      mine.ts: the command ended without a report, with code 0. Expected policy code that does not end the process; take process.exit out of it.
    outputWrite
      Standard output could not be written (ENOSPC: no space left on device, write). Expected room for the whole report; make room, or write it elsewhere.
    badWorkload
      case.json: operation "munmap" has page 9; expected one of 0, 2, 3.
    workloadTooWide
      case.json: its workload is for 3 CPUs; expected at most 2, which is what the bounds have.
    corpusRead
      case.json: is empty; expected a corpus case, whole.
    corpusVersion
      case.json: "format" is 2, written by a newer version; this version reads formats up to 1. Update shootdown to replay it.
    corpusTampered
      case.json: "id" is a-b-1, but the content of the case gives a-b-2. The file was changed by hand or damaged; restore it, or hunt again.
    corpusWrite
      case.json: could not be written (ENOSPC: no space left on device). The old file, if there was one, is untouched.
    corpusRemove
      case.json: could not be removed (EPERM: operation not permitted). It is whole, and better.json keeps its race as well; remove it by hand.
    progressRead
      hunt.json: is damaged. Expected a progress file that a hunt or a verification has kept, whole; remove it to begin anew.
    progressMisfit
      hunt.json was kept by a command whose number of runs was 1000; this one's is 2000. Give the same command to go on, name another file with --resume FILE, or remove this one to begin anew.
    progressWrite
      hunt.json: progress could not be written (ENOSPC: no space left on device). The search goes on; make room, or name another file with --resume FILE.
    outOfHeap
      Memory ended: the command needs more than Node gives to its heap. What was found until then is kept. Set --max-memory to end in time, give Node more with NODE_OPTIONS=--max-old-space-size=MEGABYTES, or lower the number of vCPUs, operations or preemptions.
    litmus
      sb.litmus, line 3: the row has 3 columns, expected 2.
    litmusFolder
      tests: it holds no tests. Expected a folder with tests in the herd formats X86 or X86_64 (*.litmus).
    litmusVerdicts
      verdicts.tsv: the header has no column "keys". Expected a table with a header line and the columns path, verdict, keys and states, separated by tabs.
    tooManyStates
      More than 1,000,000 states. Lower the number of vCPUs, operations or preemptions, or raise the limit.
    hitTooLarge
      The exact probability of PCT was asked for a system with 9 actors that can move; expected at most 7. Lower the depth or the length, or the number of vCPUs, preemptions or speculative walks."
  `)
})

describe.each(codes)('%s', (code) => {
  it('is whole sentences on one line, the last of which may be what a policy threw', () => {
    expect(say(code)).toMatch(code === 'threw' ? /: oh no$/ : /\.$/)
    expect(say(code)).not.toMatch(/\n|(?<!\.)\.\.(?!\.)|undefined|\[object|NaN/)
  })

  it('contains everything that it was given: what was found, and what was expected', () => {
    for (const value of (samples[code] as readonly unknown[]).flat()) {
      const told = value instanceof Error ? value.message : String(value)
      expect(
        [told, Number(told).toLocaleString('en')].some((each) => say(code).includes(each)),
        told,
      ).toBe(true)
    }
  })

  it('is thrown as an error of this package, with its code', () => {
    const error = (fail[code] as (...args: readonly unknown[]) => ShootdownError)(...samples[code])
    expect(error).toBeInstanceOf(ShootdownError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'ShootdownError', code, message: say(code) })
  })
})

it('what was thrown is told also where it is no Error', () => {
  expect(messages.threw('mine', 3, 'a string')).toBe('mine threw at step 3: a string')
  expect(messages.threw('mine', 3, undefined)).toBe('mine threw at step 3: undefined')
  expect(messages.corpusWrite('case.json', { code: 3 })).not.toContain('undefined')
})

it('a command line without a command is told so, not that there is no command "undefined"', () => {
  expect(messages.noCommand(undefined, ['hunt'])).toMatch(/^No command was given; expected one of hunt\./)
})
