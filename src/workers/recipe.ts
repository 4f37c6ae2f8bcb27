/** What a plan is made from, as plain data: each worker makes one of its own, and all of them have the same units. */
import { MemoryLimit } from '../engine/memory.ts'
import { SearchPlan, type SearchOptions } from '../hunt/search.ts'
import type { Plan, UnitResult } from '../plan/plan.ts'
import { VerifyPlan, type VerifyPlanOptions } from '../verify/plan.ts'
import { policyFrom, type PolicySource } from './source.ts'

type Described<Kind extends string, Options> = {
  readonly kind: Kind
  readonly policy: PolicySource
  readonly options: Options
}

// Required: an option that a plan gets and a recipe has not is a mistake that the compiler finds.
export type Recipe =
  | Described<'search', Required<Omit<SearchOptions, 'policy'>>>
  | Described<
      'verify',
      Required<Omit<VerifyPlanOptions, 'policy' | 'memory'>> & { readonly bytes: number | undefined }
    >

/** The recipe of a plan whose policy can be imported; undefined for plans of any other kind. */
export function recipeOf(plan: Plan<UnitResult>, policy: PolicySource): Recipe | undefined {
  if (plan instanceof SearchPlan) {
    const { bounds, operations, runs, seed, strategy, endsAtRace = false } = plan.options
    return { kind: 'search', policy, options: { bounds, operations, runs, seed, strategy, endsAtRace } }
  }
  if (plan instanceof VerifyPlan) {
    const { bounds, operations, maxStates, memory, everyInvariant = false, reduces = true } = plan.options
    const options = { bounds, operations, maxStates, everyInvariant, reduces, bytes: memory?.bytes }
    return { kind: 'verify', policy, options }
  }
  return undefined
}

/** Makes the plan of a recipe. */
export async function planOf(recipe: Recipe): Promise<Plan<UnitResult>> {
  const policy = await policyFrom(recipe.policy)
  if (recipe.kind === 'search') return new SearchPlan({ ...recipe.options, policy })
  const { bytes, ...options } = recipe.options
  const memory = bytes === undefined ? undefined : new MemoryLimit(bytes)
  return new VerifyPlan({ ...options, policy, memory })
}
