/** Bounds without speculation, which costs an order of magnitude in states: for tests that are not about it. */
import { makeBounds, type Bounds } from '../../src/scenario/bounds.ts'

export const quiet = (given: Partial<Bounds> = {}): Bounds => makeBounds({ speculation: 0, ...given })
