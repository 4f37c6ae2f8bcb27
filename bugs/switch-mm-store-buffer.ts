/**
 * Linux x86 up to 4.4 (CVE-2016-2069, 71b3c126e611, January 2016). A context switch sets its bit in mm_cpumask and then
 * walks the new tables; whoever changes them stores the entry and then reads the mask. If the mm that is changed is not
 * the one that runs, no INVLPG comes in between, and the store can wait in its buffer while the mask is read: the switch
 * walks the old entry, and its CPU is not in the mask yet. Since the fix there is a full barrier between the two.
 */
import { definePolicy, frameOf } from '../src/index.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'switch-mm-store-buffer' : 'switch-mm-store-buffer-fixed',
    summary: `IPI to mm_cpumask, which is read with ${broken ? 'no barrier' : 'a full barrier'} behind the change of an entry`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime' } : {}),
    symmetric: true,
    workload: ['read', 'switch_mm', 'zap_other'],
    machine: { storeBuffer: 1, preemptions: 0, groups: [[0]] },
    operations: {
      zap_other: {
        summary: 'unmap a page of the other process, with a plain store',
        subject: 'page',
        needs: 'spaces',
        *run(cpu, page, space) {
          const mm = cpu.mm(1 - space)
          yield* mm.lock()
          const frame = frameOf(yield* mm.readEntry(1, page))
          if (frame !== 0) {
            yield* mm.setEntry(1, page, 0)
            if (!broken) yield* cpu.mfence()
            yield* mm.flush([page])
            yield* mm.put(frame)
          }
          yield* mm.unlock()
        },
      },
    },
    *flush(cpu, request) {
      yield* cpu.callFunction(request.targets, request)
    },
  })

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
