/** Prints every mutant and what catches it: `npm run mutants`. Ends with status 1 if one survives. */
import { caught } from './catchers.ts'
import { firstViolation } from './broken-world.ts'
import { examples, seenBy } from './examples.ts'
import { hardware } from './hardware.ts'
import { hypervisor } from './hypervisor.ts'
import { kernel } from './kernel.ts'
import { mistakes } from './mistakes.ts'
import { searchOf, type Mutant } from './mutant.ts'
import { rules } from './rules/index.ts'

/** What catches a mutant and why, or undefined. */
type Found = { readonly by: string; readonly because: string } | undefined
interface Row {
  readonly name: string
  find(): Found
}

const violating = (mutant: Omit<Mutant, 'breakage'> & Partial<Pick<Mutant, 'breakage'>>): Row => ({
  name: mutant.name,
  find() {
    const violation = firstViolation(searchOf(mutant), mutant.breakage)
    return (
      violation && { by: `${mutant.by.name} violates ${violation.invariant}`, because: violation.explanation }
    )
  },
})

const sections: readonly (readonly [string, readonly Row[]])[] = [
  ...Object.entries(rules).map(
    ([subject, broken]) =>
      [
        `rules of the machine: ${subject}`,
        broken.map((rule) => ({ name: rule.name, find: () => caught(rule) })),
      ] as const,
  ),
  ['hardware under a policy', hardware.map(violating)],
  ['kernels', kernel.map(violating)],
  ['hypervisors', hypervisor.map(violating)],
  ['policies and guest operations', mistakes.map(violating)],
  [
    'what one example sees',
    examples.map((example) => ({
      name: `${example.rule}; ${example.mutant}`,
      find() {
        const seen = seenBy(example, example.breakage)
        return seen === example.sees
          ? undefined
          : { by: 'the example', because: `${String(seen)} for ${String(example.sees)}` }
      },
    })),
  ],
]

let all = 0
let survivors = 0
for (const [title, rows] of sections) {
  console.log(`\n${title}`)
  for (const { name, find } of rows) {
    const found = find()
    all++
    if (found === undefined) survivors++
    console.log(`  ${name}`)
    console.log(`    ${found === undefined ? 'SURVIVES' : `${found.by}: ${found.because}`.slice(0, 200)}`)
  }
}
console.log(`\n${all} mutants, ${all - survivors} caught`)
if (survivors > 0) process.exitCode = 1
