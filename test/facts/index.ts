/** All facts by subject: those with a row in the outside table, and our own. */
import { addressing } from './addressing.ts'
import { changing } from './changing.ts'
import { controlling } from './controlling.ts'
import { faulting } from './faulting.ts'
import { filling } from './filling.ts'
import { invalidating } from './invalidating.ts'
import { marking } from './marking.ts'
import { protecting } from './protecting.ts'
import { ownGroups } from './own/index.ts'

export const groups = {
  filling,
  changing,
  invalidating,
  addressing,
  controlling,
  protecting,
  faulting,
  marking,
}
export { ownGroups }
