/**
 * How far a command has come, in a file, so that the same command can go on after whatever interrupted it. The file says
 * which command, policies, options and bounds it belongs to, and of which version; it is refused where it does not fit. It
 * is written whole or not at all, now and then, at the end of a unit of work; and it is gone once the command is done.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { discard, writeWhole } from '../corpus/whole-file.ts'
import { fail } from '../errors.ts'
import { optionsOf } from '../guest/policy-schema.ts'
import { type AnyPolicy } from '../guest/policy.ts'
import { VERSION } from '../version.ts'
import { DEFAULT_CORPUS, type Context } from './commands/context.ts'

const FORMAT = 1
/** Written no more often than this, and without --resume not before: what is over that soon is done again as soon. */
const EVERY_MS = 500
const UNASKED_MS = 2000

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.string(),
  command: z.string(),
  policies: z.array(
    z.strictObject({
      policy: z.string(),
      /** Digest of the policy's code, as far as it is its own. */
      code: z.string(),
      /** Options of the policy, and those of the command that decide what is searched. */
      settings: z.record(z.string(), z.unknown()),
      /** What the command keeps of it. */
      state: z.unknown(),
    }),
  ),
  digest: z.string(),
})

type Kept = Omit<z.infer<typeof fileSchema>, 'digest'>

/** What decides what is searched for a policy, by name. */
export type Settings = Readonly<Record<string, unknown>>

export class Progress {
  readonly file: string
  private readonly asked: boolean
  private readonly complain: (text: string) => void
  private readonly kept: Kept
  private last = performance.now()
  private complained = false
  /** True once there is a file. */
  private written = false

  /**
   * The progress of a command; with `--resume`, what its file has.
   * @throws ShootdownError if that does not fit, or cannot be read
   */
  constructor({ options, terminal }: Context, command: string, policies: readonly [AnyPolicy, Settings][]) {
    const { resume, corpus = DEFAULT_CORPUS } = options
    this.asked = resume !== undefined
    this.file =
      typeof resume === 'string' ? resume : `${corpus.replace(/[/\\]+$/, '')}.${command}-progress.json`
    this.complain = terminal.complain
    const fresh: Kept = {
      format: FORMAT,
      version: VERSION,
      command,
      policies: policies.map(([policy, settings]) => ({
        policy: policy.name,
        code: codeOf(policy),
        settings: plain({ ...settings, option: optionsOf(policy) }),
        state: null,
      })),
    }
    this.kept = this.asked && existsSync(this.file) ? fitting(this.file, read(this.file), fresh) : fresh
  }

  /** What was kept of the policy of a number; undefined if nothing was, or it does not have that form. */
  stateOf<T>(number: number, schema: z.ZodType<T>): T | undefined {
    const { state } = this.kept.policies[number]
    if (state === null) return undefined
    const parsed = schema.safeParse(state)
    if (parsed.success) return parsed.data
    throw fail.progressRead(
      this.file,
      `has something else than the progress of "${this.kept.policies[number].policy}"`,
    )
  }

  /** Notes how far a policy has come: `state` is asked for if it is time to write it down, or it matters `now`. */
  note(number: number, state: () => unknown, now = false): void {
    const asked = this.asked || this.written
    const since = performance.now() - this.last
    if (!(now && asked) && since < (asked ? EVERY_MS : UNASKED_MS)) return
    this.kept.policies[number].state = state()
    this.write()
  }

  /** The command is over. One that was interrupted can be gone on with; otherwise nothing is left to be done. */
  close(interrupted: boolean): void {
    if (!interrupted) {
      if (this.written || this.asked) discard(this.file)
    } else if (this.written)
      this.complain(`The same command with --resume goes on; its progress is in ${this.file}.`)
  }

  private write(): void {
    this.last = performance.now()
    try {
      writeWhole(this.file, `${JSON.stringify({ ...this.kept, digest: digestOf(this.kept) })}\n`)
      this.written = true
    } catch (cause) {
      // Who did not ask for it need not know.
      if (this.asked && !this.complained) this.complain(fail.progressWrite(this.file, cause).message)
      this.complained = true
    }
  }
}

function read(file: string): Kept {
  let parsed: z.infer<typeof fileSchema>
  try {
    parsed = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof z.ZodError)
      throw fail.progressRead(file, 'is something else')
    throw fail.progressRead(file, `could not be read (${(cause as Error).message})`)
  }
  const { digest, ...kept } = parsed
  if (digest !== digestOf(kept)) throw fail.progressRead(file, 'is damaged, or was changed by hand')
  return kept
}

/** What was kept, if it was kept by this very command. */
function fitting(file: string, kept: Kept, fresh: Kept): Kept {
  const compare = (what: string, found: unknown, expected: unknown): void => {
    if (JSON.stringify(found) !== JSON.stringify(expected))
      throw fail.progressMisfit(file, what, tell(found), tell(expected))
  }
  compare('version of the package', kept.version, fresh.version)
  compare('command', kept.command, fresh.command)
  const names = (list: Kept['policies']): string => list.map(({ policy }) => policy).join(', ')
  compare('list of policies', names(kept.policies), names(fresh.policies))
  kept.policies.forEach(({ policy, code, settings }, i) => {
    const now = fresh.policies[i]
    for (const key of new Set([...Object.keys(settings), ...Object.keys(now.settings)]))
      compare(`"${key}" for ${policy}`, settings[key], now.settings[key])
    compare(`code of ${policy}`, code, now.code)
  })
  return kept
}

const tell = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? 'not given' : JSON.stringify(value)

/** The code of a policy's own functions, and its data: what they call elsewhere is not seen. */
function codeOf({ options: _schema, chosen: _settings, ...policy }: AnyPolicy): string {
  const text = JSON.stringify(policy, (_key, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  )
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

const digestOf = (kept: Kept): string => createHash('sha256').update(JSON.stringify(kept)).digest('hex')

/** As it will be once it was written and read. */
const plain = (settings: Settings): Record<string, unknown> =>
  JSON.parse(JSON.stringify(settings)) as Record<string, unknown>
