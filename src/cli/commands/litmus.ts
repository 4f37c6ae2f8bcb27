/** `shootdown litmus`: the tests of a folder on this machine's memory, shown, or compared with a table. */
import type { z } from 'zod'
import { fail, ShootdownError } from '../../errors.ts'
import { checkFolder, litmusFiles, readLitmus, type Checked } from '../../litmus/check.ts'
import { runLitmus } from '../../litmus/run.ts'
import type { litmusCheckJson, litmusRunJson } from '../json/index.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'

export async function litmusCommand(context: Context): Promise<number> {
  const [dir, ...more] = context.rest
  if (dir === undefined || more.length > 0) throw fail.missingArgument('litmus', 'one folder of litmus tests')
  const { verdicts } = context.options
  return verdicts === undefined ? show(context, dir) : check(context, dir, verdicts)
}

/** Compares the tests with a table. */
function check({ terminal, interrupt }: Context, dir: string, verdicts: string): number {
  const checked = checkFolder(dir, verdicts, {
    stop: () => interrupt.stop(),
    onProgress: (done, of) => terminal.progress(`${done} of ${of} tests`),
  })
  terminal.clearProgress()
  const { tests, equal, unequal, failed, rowsWithoutFile, filesWithoutRow } = checked
  for (const { path, missing, extra, verdict } of unequal) {
    const { expected, found } = verdict
    const differs = expected === found ? '' : `; verdict ${found}, expected ${expected}`
    terminal.say(`${terminal.bold(path)}: missing ${told(missing)}; extra ${told(extra)}${differs}`)
  }
  for (const { reason } of failed) terminal.complain(reason)
  for (const path of rowsWithoutFile) terminal.complain(`${path}: has a row, but there is no such file.`)
  for (const path of filesWithoutRow) terminal.complain(`${path}: has no row in the table, not run.`)
  if (interrupt.stop()) terminal.complain('Ended early; the other tests were not run.')
  terminal.say(
    `${tests} tests: ${equal} equal, ${unequal.length} unequal, ${failed.length} failed; ${rowsWithoutFile.length} rows without a file, ${filesWithoutRow.length} files without a row.`,
  )
  terminal.object(jsonOf(checked))
  return equal === tests && !interrupt.stop() ? AS_EXPECTED : NOT_AS_EXPECTED
}

const told = (states: readonly string[]): string => (states.length === 0 ? 'nothing' : states.join(' '))

const jsonOf = (checked: Checked): z.infer<typeof litmusCheckJson> => ({
  tests: checked.tests,
  equal: checked.equal,
  unequal: checked.unequal.map(({ path, missing, extra, verdict }) => ({
    path,
    missing: [...missing],
    extra: [...extra],
    verdict,
  })),
  failed: [...checked.failed],
  rowsWithoutFile: [...checked.rowsWithoutFile],
  filesWithoutRow: [...checked.filesWithoutRow],
})

/** Shows what each test comes to. */
function show({ terminal, interrupt }: Context, dir: string): number {
  const results: z.infer<typeof litmusRunJson>['results'] = []
  const failed: { path: string; reason: string }[] = []
  for (const path of litmusFiles(dir)) {
    if (interrupt.stop()) break
    try {
      const test = readLitmus(dir, path)
      const { keys, states, verdict, explored } = runLitmus(test)
      const { quantifier } = test.conditions[0]
      terminal.say(
        `${terminal.bold(path)} (${test.name}): ${quantifier} ${verdict}, ${states.size} final states`,
      )
      terminal.say(`  ${keys.join(' ')}`)
      for (const state of states) terminal.say(`  ${state}`)
      results.push({
        path,
        name: test.name,
        quantifier,
        verdict,
        keys: [...keys],
        states: [...states],
        explored,
      })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      terminal.complain(cause.message)
      failed.push({ path, reason: cause.message })
    }
  }
  if (interrupt.stop()) terminal.complain('Ended early; the other tests were not run.')
  terminal.say(`${results.length + failed.length} tests: ${results.length} run, ${failed.length} failed.`)
  terminal.object({ tests: results.length + failed.length, results, failed })
  return failed.length === 0 && !interrupt.stop() ? AS_EXPECTED : NOT_AS_EXPECTED
}
