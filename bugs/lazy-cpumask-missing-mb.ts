/**
 * Linux x86, 6.14 to 6.17 (209954cbc7d0; fixed by 83b0177a6c48, 2025). Once CPUs stay in mm_cpumask when they leave an
 * address space, coming back finds the bit set, and the locked operation that set it was left out. It had been the
 * barrier between the store of loaded_mm and the load of tlb_gen: a shootdown can now raise the generation behind that
 * load, find the old loaded_mm because the store is still buffered, and leave out a CPU that keeps its translations by
 * PCID. Since the fix there is a barrier of its own where the bit is set already.
 */
import { definePolicy, perCpu, type Cpu, type SharedWords } from '../src/index.ts'

/** loaded_mm while CR3 is being loaded; otherwise the number of the address space. */
const SWITCHING = 2

const make = ({ broken }: { broken: boolean }) => {
  /** switch_mm_irqs_off: `behind` stands for a tlb_gen that is not the one which this CPU has flushed up to. */
  const switchMm = function* (cpu: Cpu<{ loaded: SharedWords }>, next: number) {
    const { cpumask, behind } = cpu.kernel
    const loaded = cpu.shared.loaded.of(cpu.id)
    const bit = 1 << cpu.id
    yield* cpu.cli()
    yield* cpu.store(loaded, SWITCHING)
    if (((yield* cpu.load(cpumask[next])) & bit) === 0) yield* cpu.fetchOr(cpumask[next], bit)
    else if (!broken) yield* cpu.mfence()
    const stale = ((yield* cpu.load(behind[next])) & bit) !== 0
    if (stale) yield* cpu.fetchAnd(behind[next], ~bit)
    yield* cpu.x86.loadCr3(next, { pcid: next, noflush: !stale })
    yield* cpu.store(loaded, next)
    yield* cpu.sti()
  }
  return definePolicy({
    name: broken ? 'lazy-cpumask-missing-mb' : 'lazy-cpumask-missing-mb-fixed',
    summary: `IPI to CPUs by loaded_mm, with ${broken ? 'no barrier' : 'a barrier'} before tlb_gen is read where the mask bit is set`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime, stale-translation' } : {}),
    symmetric: true,
    shared: { loaded: perCpu({ max: SWITCHING }) },
    workload: ['read', 'zap', 'run_other'],
    machine: { storeBuffer: 1, pcids: 2, structureCaches: false, preemptions: 0, groups: [[0]] },
    operations: {
      zap: {
        summary: 'unmap a page; its table stays',
        subject: 'page',
        *run(cpu, page, space) {
          const mm = cpu.mm(space)
          yield* mm.lock()
          const frame = yield* mm.clearEntry(1, page)
          if (frame !== 0) yield* mm.flush([page])
          if (frame !== 0) yield* mm.put(frame)
          yield* mm.unlock()
        },
      },
      run_other: {
        summary: 'switch to another process and back',
        as: 'load',
        needs: 'spaces',
        *run(cpu, _page, space) {
          yield* switchMm(cpu, 1 - space)
          yield* switchMm(cpu, space)
        },
      },
    },
    *flush(cpu, request) {
      const all = 2 ** cpu.cpus - 1
      yield* cpu.fetchOr(cpu.kernel.behind[request.space], all & ~(1 << cpu.id))
      yield* cpu.flushLocal(request)
      const targets: number[] = []
      for (const target of request.targets) {
        const loaded = yield* cpu.load(cpu.shared.loaded.of(target))
        if (loaded === request.space || loaded === SWITCHING) targets.push(target)
      }
      yield* cpu.callFunction(targets, request)
    },
    *flushRemote(cpu, request) {
      const { cpumask, behind } = cpu.kernel
      const here = ~(1 << cpu.id)
      if ((yield* cpu.load(cpu.shared.loaded.of(cpu.id))) !== request.space) {
        yield* cpu.fetchAnd(cpumask[request.space], here)
        return
      }
      yield* cpu.fetchAnd(behind[request.space], here)
      yield* cpu.flushLocal(request)
    },
  })
}

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
