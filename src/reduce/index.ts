/** Reductions: what an exhaustive search can leave out without missing a violation or a deadlock. */
export { ReducedWorld } from './reduced-world.ts'
export { reduced, type Reductions } from './reductions.ts'
