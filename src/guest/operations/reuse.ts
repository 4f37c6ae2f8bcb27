/** Somebody else allocates a frame that was freed: a page of a file, a slab, another process. */
import { perform, type Code } from '../../engine/step.ts'
import { REUSE } from '../../machine/frames.ts'

export function* reuse(): Code {
  yield* perform(REUSE)
}
