/** Our own facts about large pages of EPT: what is cached of one, and what a split or a change of rights leaves. */
import { EPT_D, EPT_R, EPT_RWX } from '../../../src/machine/ept-entry.ts'
import { D, MAPPED } from '../../../src/machine/entry.ts'
import type { MachineConfig } from '../../../src/machine/config.ts'
import type { X86 } from '../../../src/machine/x86.ts'
import type { Code } from '../../../src/engine/step.ts'
import { fact, no, readsOld, restless, yes } from '../fact.ts'

const machine = { ept: 1, eptTables: true, eptLarge: true, spare: 4 }
const SINGLE = 1

/** The frame of page 0 lies in a large page, and page 0 is cached. */
const large = (
  cpus: readonly ((cpu: X86) => Code<(number | boolean)[]>)[],
  more: Partial<MachineConfig> = {},
  warm: 'read' | 'write' = 'read',
) => ({
  machine: { ...machine, ...more },
  *setup(cpu: X86): Code {
    yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
    yield* cpu[warm](0)
  },
  cpus,
})
const plainly = (acted: number, outcome: number): boolean => acted === 0 && outcome === 1
const acting = (acted: number, outcome: number): boolean => acted === 1 && outcome === 1

/** Splits a large page into entries that give one of its guest frames another host frame. */
function* split(cpu: X86, frame: number, host: number): Code {
  yield* cpu.vmx.setEpt(frame, host, EPT_RWX)
  yield* cpu.vmx.linkEptTable(frame, true)
}

/** Of two frames in a large page one is accessed; the page is split; the other, which has moved, is accessed. */
const neighbour = (more: Partial<MachineConfig>) => ({
  machine: { ...machine, ...more },
  cpus: [
    function* (cpu: X86): Code<number[]> {
      const [first, other, host] = [cpu.spare(0), cpu.spare(1), cpu.spare(3)]
      yield* cpu.vmx.mapLargeEpt(first, first, EPT_RWX)
      const own = yield* cpu.choose(2)
      yield* cpu.map(0, own ? other : first)
      yield* cpu.read(0)
      yield* split(cpu, other, host)
      yield* cpu.map(0, other)
      yield* cpu.invlpg(0)
      return [own, Number((yield* cpu.read(0)).frame === other)]
    },
  ],
})

export const largeEpt = [
  fact('ept-split', 'a large EPT page is used after it was split, until INVEPT', yes, {
    ...large([
      function* (cpu) {
        yield* split(cpu, cpu.frame(0), cpu.spare())
        const dropped = yield* cpu.choose(2)
        if (dropped) yield* cpu.vmx.invept(SINGLE)
        return [dropped, yield* readsOld(cpu)]
      },
    ]),
    reached: plainly,
    never: acting,
  }),
  fact('ept-split-invlpg', 'INVLPG of the guest drops a large EPT page that was split', no, {
    ...large([
      function* (cpu) {
        yield* split(cpu, cpu.frame(0), cpu.spare())
        const dropped = yield* cpu.choose(2)
        if (dropped) yield* cpu.vmx.invept(SINGLE)
        yield* cpu.invlpg(0)
        return [dropped, (yield* cpu.read(0)).frame === cpu.spare()]
      },
    ]),
    reached: plainly,
    sometimes: acting,
  }),
  fact('ept-merge', 'a small EPT entry is used after a large one took its place, until INVEPT', yes, {
    machine,
    *setup(cpu) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
        const dropped = yield* cpu.choose(2)
        if (dropped) yield* cpu.vmx.invept(SINGLE)
        return [dropped, (yield* cpu.read(0)).frame === cpu.spare()]
      },
    ],
    reached: plainly,
    never: acting,
  }),
  fact('ept-fractured', 'a large EPT page is cached for a frame of it that nobody has accessed', no, {
    ...neighbour({}),
    reached: plainly,
    sometimes: acting,
  }),
  fact('ept-whole', 'a large EPT page that is cached whole is so for a frame that nobody has accessed', yes, {
    ...neighbour({ fractured: false }),
    reached: plainly,
  }),
  fact('ept-large-right', 'a right that a large EPT page lost is used after INVEPT', no, {
    ...large(
      [
        function* (cpu) {
          yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_R)
          const kept = yield* cpu.choose(2)
          if (!kept) yield* cpu.vmx.invept(SINGLE)
          return [kept, !(yield* cpu.write(0)).fault]
        },
      ],
      restless,
      'write',
    ),
    reached: plainly,
    sometimes: acting,
  }),
  ...[true, false].map((fractured) =>
    fact(
      `ept-large-given-${fractured ? 'fractured' : 'whole'}`,
      `a right that a large EPT page was given is refused twice, ${fractured ? 'fractured' : 'cached whole'}`,
      no,
      {
        machine: { ...machine, fractured, ...restless },
        *setup(cpu) {
          yield* cpu.write(0)
          yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_R)
          yield* cpu.vmx.invept(SINGLE)
          yield* cpu.read(0)
        },
        cpus: [
          function* (cpu) {
            yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.frame(0), EPT_RWX)
            const first = (yield* cpu.write(0)).fault
            return [first, (yield* cpu.write(0)).fault]
          },
        ],
        reached: (_first, again) => again === 1,
        sometimes: (first) => first === 1,
      },
    ),
  ),
  fact('ept-large-given-beside', 'a right that a page cached whole was given is refused at two frames', no, {
    machine: { ...machine, pages: [0, 1], fractured: false },
    *setup(cpu) {
      const [first, other] = [cpu.spare(0), cpu.spare(1)]
      yield* cpu.map(0, first, MAPPED | D)
      yield* cpu.map(1, other, MAPPED | D)
      yield* cpu.vmx.mapLargeEpt(first, first, EPT_R)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.vmx.mapLargeEpt(cpu.spare(0), cpu.spare(0), EPT_RWX)
        const refused = yield* cpu.choose(2)
        if (refused) yield* cpu.write(0)
        return [refused, (yield* cpu.write(1)).fault]
      },
    ],
    reached: acting,
    sometimes: plainly,
  }),
  fact('ept-large-dirty', 'a store makes every frame of a large EPT page dirty', yes, {
    machine: { ...machine, eptDirty: true },
    cpus: [
      function* (cpu) {
        const first = cpu.spare(0)
        yield* cpu.vmx.mapLargeEpt(first, first, EPT_RWX)
        yield* cpu.map(0, first)
        const stores = yield* cpu.choose(2)
        yield* stores ? cpu.write(0) : cpu.read(0)
        return [stores, ((yield* cpu.vmx.readLargeEpt(cpu.spare(1))) & EPT_D) !== 0]
      },
    ],
    reached: acting,
    never: plainly,
  }),
  fact('ept-large-beside', 'a large EPT page leads each guest frame to the host frame at its place', yes, {
    machine,
    cpus: [
      function* (cpu) {
        yield* cpu.vmx.mapLargeEpt(cpu.frame(0), cpu.spare(3), EPT_RWX)
        return [(yield* cpu.read(0)).frame === cpu.spare(3)]
      },
    ],
    reached: (there) => there === 1,
    never: (there) => there === 0,
  }),
]
