/** vunmap of one page, as far as the bugs of kernel mappings need it: unhook and flush; the table stays. mm/vmalloc.c. */
import type { PolicyOperation } from '../../src/index.ts'

export const vunmap: PolicyOperation = {
  summary: 'unmap a page of kernel addresses; its table stays',
  subject: 'page',
  *run(cpu, page, space) {
    const mm = cpu.mm(space)
    yield* mm.lock()
    const frame = yield* mm.clearEntry(1, page)
    if (frame !== 0) {
      yield* mm.flush([page])
      yield* mm.put(frame)
    }
    yield* mm.unlock()
  },
}
