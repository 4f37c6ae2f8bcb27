/** Our own facts about flush hypercalls: what their flags and their address space leave alone, and whom they wait for. */
import { G, MAPPED } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import {
  ALL_PROCESSORS,
  ALL_VIRTUAL_ADDRESS_SPACES,
  NON_GLOBAL_MAPPINGS_ONLY,
} from '../../../src/hypervisor/hyperv.ts'
import type { HypercallInput } from '../../../src/hypervisor/hypercall.ts'
import type { Cpu } from '../../../src/guest/cpu.ts'
import { variable, type Word } from '../../../src/machine/word.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, guarded, no, readsOld, restless, yes } from '../fact.ts'

const SPACE = 'HvFlushVirtualAddressSpace'
const LIST = 'HvFlushVirtualAddressList'

/** CPU1 has cached page 0; CPU0 maps it elsewhere and makes one of two calls; then CPU1 reads. */
const called = (
  calls: readonly ((kernel: Cpu) => Code<unknown>)[],
  machine: Partial<MachineConfig> = {},
  warm: (cpu: X86) => Code<unknown> = (cpu) => cpu.read(0),
  flags = 0,
) => ({
  machine: { spare: 1, ...machine },
  words: { go: variable() },
  setup: [
    function* (cpu: X86): Code {
      if (flags !== 0) yield* cpu.setFlags(1, 0, flags)
    },
    function* (cpu: X86): Code {
      yield* warm(cpu)
    },
  ],
  cpus: [
    function* (cpu: X86, { go }: Record<'go', Word>, kernel: Cpu): Code<number> {
      yield* cpu.map(0, cpu.spare())
      const which = yield* cpu.choose(calls.length)
      yield* calls[which](kernel)
      yield* cpu.store(go, 1)
      return which
    },
    function* (cpu: X86, { go }: Record<'go', Word>): Code<boolean> {
      yield* cpu.until(go, 1)
      return yield* readsOld(cpu)
    },
  ],
})
const flush =
  (name: string, cpus: readonly number[] = [1], input: HypercallInput = {}, pages = 0) =>
  (kernel: Cpu): Code<number> =>
    kernel.hypercall(name, pages, cpus, input)
/** The first call leaves the old translation, the second does not. */
const leaves = { reached: (which: number, old: number) => which === 0 && old === 1 }
const first = { ...leaves, never: (which: number, old: number) => which === 1 && old === 1 }
/** The first call leaves nothing; the second does. */
const second = { ...leaves, sometimes: (which: number, old: number) => which === 1 && old === 1 }

export const hypercalls = [
  fact('hv-global', 'a flush of an address space leaves a global translation if it says so', yes, {
    ...called(
      [flush(SPACE, [1], { flags: NON_GLOBAL_MAPPINGS_ONLY }), flush(SPACE)],
      { globals: true },
      (cpu) => cpu.read(0),
      G,
    ),
    ...first,
  }),
  fact('hv-global-list', 'a flush of a list leaves a global translation if it says so', yes, {
    ...called(
      [flush(LIST, [1], { flags: NON_GLOBAL_MAPPINGS_ONLY }, 1), flush(LIST, [1], {}, 1)],
      { globals: true },
      (cpu) => cpu.read(0),
      G,
    ),
    ...first,
  }),
  fact('hv-non-global', 'a flush but of global translations leaves one that is not global', no, {
    ...called([flush(SPACE, [1], { flags: NON_GLOBAL_MAPPINGS_ONLY }), function* () {}], restless),
    ...second,
  }),
  fact('hv-all', 'a flush of all processors leaves out one that is not named', no, {
    ...called([flush(SPACE, [], { flags: ALL_PROCESSORS }), flush(SPACE, [0])], restless),
    ...second,
  }),
  fact('hv-space', 'a flush of another address space leaves what was cached', yes, {
    ...called([flush(SPACE, [1], { space: 1 }), flush(SPACE, [1], { space: 0 })], { spaces: 2 }),
    ...first,
  }),
  fact('hv-all-spaces', 'a flush of all address spaces leaves what is of another than it names', no, {
    ...called(
      [flush(SPACE, [1], { space: 1, flags: ALL_VIRTUAL_ADDRESS_SPACES }), flush(SPACE, [1], { space: 1 })],
      { spaces: 2, eviction: true },
    ),
    ...second,
  }),
  fact('hv-space-global', 'a flush of another address space leaves a global translation', no, {
    ...called(
      [flush(LIST, [1], { space: 1 }, 1), flush(LIST, [1], { space: 1, flags: NON_GLOBAL_MAPPINGS_ONLY }, 1)],
      { spaces: 2, globals: true, eviction: true },
      (cpu) => cpu.read(0),
      G,
    ),
    ...second,
  }),
  fact('hv-pcids', 'a flush of an address space leaves what another PCID has cached of it', no, {
    ...called([flush(SPACE, [1], { space: 0 }), flush(SPACE, [1], { space: 1 })], {
      spaces: 2,
      pcids: 2,
      uncachedLevels: 0b1100,
      eviction: true,
    }),
    ...second,
  }),
  fact('hv-unnamed', 'a flush that names no address space leaves what is cached of the second', no, {
    machine: { spaces: 2, spare: 1, ...restless },
    cpus: [
      function* (cpu, _words, kernel) {
        yield* cpu.loadCr3(1)
        yield* cpu.read(0)
        yield* cpu.map(0, cpu.spare(), MAPPED, 1)
        const named = yield* cpu.choose(2)
        yield* kernel.hypercall(SPACE, 0, [0], named ? { space: 0 } : {})
        return [named, (yield* cpu.read(0)).frame === cpu.frame(0, 1)]
      },
    ],
    ...second,
  }),
  fact('hv-list-other', 'a flush of a list leaves a page that is not in it', yes, {
    ...called([flush(LIST, [1], {}, 2), flush(LIST, [1], {}, 1)], { pages: [0, 1] }),
    ...first,
  }),
  guarded(
    'hv-walk',
    'a walker is in a table that was freed after a flush hypercall',
    'hardware-walk',
    (careful) => ({
      machine: { speculation: 1 },
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.setEntry(2, 0, 0)
          if (careful) yield* kernel.hypercall(SPACE, 0, [0, 1])
          yield* kernel.freeTableNow(cpu.table(1, 0))
        },
        function* (cpu) {
          yield* cpu.cli()
          yield* cpu.read(0)
        },
      ],
    }),
  ),
  guarded(
    'hv-software',
    'a software walker with interrupts off is in a table that RCU frees after a flush hypercall',
    'software-walk',
    (careful) => ({
      cpus: [
        function* (cpu, _words, kernel) {
          yield* cpu.setEntry(2, 0, 0)
          yield* kernel.hypercall(SPACE, 0, [0, 1])
          yield* careful ? kernel.rcuFree(cpu.table(1, 0)) : kernel.freeTableNow(cpu.table(1, 0))
        },
        function* (cpu) {
          yield* cpu.cli()
          if ((yield* cpu.readEntry(2, 0)) !== 0) yield* cpu.readEntry(1, 0)
          yield* cpu.sti()
        },
      ],
    }),
  ),
  fact('xen-flush', 'Xen completes a flush while its target uses the old translation', no, {
    ...called([flush('XenFlushTlb'), function* () {}], restless),
    ...second,
  }),
]
