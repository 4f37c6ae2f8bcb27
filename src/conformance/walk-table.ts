/**
 * Checks the machine's page walk against a table of verdicts: one row a combination of leaf entry, control bits and
 * access, with whether it faults and the error code. Every row is an access by the walker that exploration uses, once
 * through a full walk; nothing here knows the rules.
 */
import { fail } from '../errors.ts'
import { MAX_ENABLED } from '../engine/system.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { decodeAccess, type Access } from '../machine/access-result.ts'
import { machineConfig } from '../machine/config.ts'
import { AC, NXE, PG, SMAP, SMEP, WP } from '../machine/control.ts'
import { A, P, RSVD, RW, US, XD, entry } from '../machine/entry.ts'
import type { AccessMode } from '../machine/operands.ts'
import type { X86 } from '../machine/x86.ts'
import { World } from '../scenario/world.ts'
import { readTable } from '../table.ts'

/** One row: flags of the leaf entry, control bits, access; and what should come of it. */
export interface WalkRow {
  /** Line of the table, from 1. */
  readonly line: number
  /** Flags of the leaf entry, A included. */
  readonly flags: number
  readonly controls: number
  readonly kind: Kind
  readonly supervisor: boolean
  readonly fault: boolean
  readonly code: number
}

const KINDS = ['read', 'write', 'exec', 'implicit'] as const
type Kind = (typeof KINDS)[number]

const FLAGS = { pte_p: P, pte_w: RW, pte_u: US, pte_nx: XD, pte_rsvd: RSVD } as const
const CONTROLS = { cr0_wp: WP, eflags_ac: AC, efer_nxe: NXE, cr4_smep: SMEP, cr4_smap: SMAP } as const
const COLUMNS = [...Object.keys(FLAGS), ...Object.keys(CONTROLS), 'cpl', 'access', 'result', 'pfec']

/** Reads a tab-separated table with a header; `file` is named in what goes wrong. */
export function parseWalkTable(file: string, text: string): WalkRow[] {
  const { columns, rows } = readTable(text)
  const missing = COLUMNS.find((column) => !columns.includes(column))
  if (missing !== undefined)
    throw fail.badTable(file, 1, `has no column "${missing}"; expected ${COLUMNS.join(', ')}`)
  return rows.map(({ line, cell }) => parseRow(file, line, cell))
}

function parseRow(file: string, line: number, cell: (name: string) => string): WalkRow {
  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T => {
    const found = allowed.find((each) => each === cell(name))
    if (found === undefined)
      throw fail.badTable(file, line, `has "${cell(name)}" as ${name}; expected ${allowed.join(' or ')}`)
    return found
  }
  const bits = (columns: Readonly<Record<string, number>>): number =>
    Object.entries(columns).reduce((sum, [name, bit]) => sum | (oneOf(name, ['0', '1']) === '1' ? bit : 0), 0)
  const fault = oneOf('result', ['ok', 'PF']) === 'PF'
  if (!/^\d+$/.test(cell('pfec')))
    throw fail.badTable(file, line, `has "${cell('pfec')}" as pfec; expected an error code`)
  return {
    line,
    flags: bits(FLAGS) | A,
    controls: bits(CONTROLS),
    kind: oneOf('access', KINDS),
    supervisor: oneOf('cpl', ['0', '3']) === '0',
    fault,
    code: Number(cell('pfec')),
  }
}

export interface WalkVerdicts {
  readonly rows: number
  readonly equal: number
  readonly unequal: readonly { line: number; expected: string; found: string }[]
}

const tell = ({ fault, code }: { fault: boolean; code: number }): string => (fault ? `#PF(${code})` : 'ok')

/** Makes the access of every row and compares. */
export function checkWalks(rows: readonly WalkRow[]): WalkVerdicts {
  const walk = walker()
  const unequal = rows.flatMap((row) => {
    const found = walk(row)
    const same = found.fault === row.fault && found.code === (row.fault ? row.code : 0)
    return same ? [] : [{ line: row.line, expected: tell(row), found: tell(found) }]
  })
  return { rows: rows.length, equal: rows.length - unequal.length, unequal }
}

/** A machine with four levels and one page, on which the access of a row can be made. */
function walker(): (row: WalkRow) => Access {
  const name = (kind: Kind, supervisor: boolean): string => `${kind}_${supervisor ? 'supervisor' : 'user'}`
  const operations = KINDS.flatMap((kind) =>
    [true, false].map((supervisor) => [
      name(kind, supervisor),
      {
        summary: 'one access',
        *run({ x86 }: { x86: X86 }) {
          const { fault, code } = yield* access(x86, kind, { supervisor, implicit: kind === 'implicit' })
          return fault ? (code << 1) | 1 : 0
        },
      },
    ]),
  )
  const policy: AnyPolicy = {
    name: 'walk-table',
    summary: 'No flush: one access at a time.',
    *flush() {},
    operations: Object.fromEntries(operations),
  }
  const config = machineConfig({ vcpus: 1, levels: 4, protection: true })
  const world = new World(policy, config, { lazy: false, switching: false, gupRecheck: 'pmd' }, true)
  const { machine } = world
  const leaf = machine.geometry.tables.find(({ level }) => level === 1)!
  const at = machine.entryAt(leaf.frame, 1, 0)
  const frame = machine.geometry.datas[0].frame
  const enabled = new Int32Array(MAX_ENABLED)
  return ({ kind, supervisor, flags, controls }) => {
    world.load([[{ op: name(kind, supervisor) }]])
    machine.S[at] = entry(frame, flags)
    machine.S[machine.controls] = controls | PG
    while (world.enabled(enabled) > 0) world.apply(enabled[0])
    return decodeAccess(world.resultOf(0))
  }
}

const access = (x86: X86, kind: Kind, mode: AccessMode): ReturnType<X86['read']> =>
  kind === 'write' ? x86.write(0, 1, mode) : kind === 'exec' ? x86.fetch(0, mode) : x86.read(0, mode)
