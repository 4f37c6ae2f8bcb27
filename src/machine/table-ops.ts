/** The operations with which software reads and changes page tables, and how they are told. */
import { defineOp, type Names } from '../engine/step.ts'
import { tellEntry } from './entry.ts'

/** `b` of the entry operations: level and page. */
export const place = (level: number, page: number): number => (page << 3) | level

export const levelOf = (b: number): number => b & 7

export const pageOf = (b: number): number => b >> 3

const named = (b: number, n: Names): string => n.entry(levelOf(b), pageOf(b))

const read = (r: number | undefined, n: Names): string =>
  r === undefined ? '' : ` -> ${tellEntry(r, (frame) => n.frame(frame))}`

/** Reads an entry of table `a` without a lock. */
export const READ_ENTRY = defineOp(
  'read entry',
  0,
  (a, b, _c, n, r) => `read ${named(b, n)} in ${n.frame(a)}${read(r, n)}`,
)

/** Reads an entry under the page-table lock, where only hardware flags can change; joined with the step behind it. */
export const PEEK_ENTRY = defineOp('peek entry', 0, undefined, 'right')

/** Clears an entry with a locked exchange, hands the D flag to the page, results in the frame that was mapped, or 0. */
export const CLEAR_ENTRY = defineOp('clear entry', 0, (a, b, _c, n, r) =>
  r === 0 ? `${named(b, n)} in ${n.frame(a)} is none already` : `clear ${named(b, n)} in ${n.frame(a)}`,
)

/** Stores an entry with a plain store. */
export const SET_ENTRY = defineOp(
  'set entry',
  1,
  (a, b, c, n) => `${named(b, n)} in ${n.frame(a)} = ${tellEntry(c, (frame) => n.frame(frame))}`,
)

/** Removes the flags `c` from an entry with a locked operation; results in 1 if one of them was set. */
export const REVOKE_ENTRY = defineOp(
  'revoke entry',
  2,
  (a, b, _c, n) => `write-protect ${named(b, n)} in ${n.frame(a)}`,
)

/** Adds the flags `c` to an entry with a locked operation. */
export const GRANT_ENTRY = defineOp(
  'grant entry',
  1,
  (a, b, _c, n) => `add flags to ${named(b, n)} in ${n.frame(a)}`,
)

/** Stores an entry with a locked exchange; results in the old one. */
export const XCHG_ENTRY = defineOp(
  'xchg entry',
  0,
  (a, b, c, n, r) =>
    `xchg ${named(b, n)} in ${n.frame(a)}, ${tellEntry(c, (frame) => n.frame(frame))}${read(r, n)}`,
)

/** Compares an entry with a value read before; results in 1 if it is still the same, A and D included. */
export const SAME_ENTRY = defineOp(
  're-check entry',
  2,
  (a, b, _c, n, r) =>
    `re-check ${named(b, n)} in ${n.frame(a)}${r === undefined ? '' : r === 1 ? ': same' : ': changed'}`,
)

/** The table of level `b` that translates a page in space `a`, or 0; under the page-table lock. */
export const FIND_TABLE = defineOp('find table', 0, undefined, 'right')

/** Mask of the pages of space `b` that are mapped to frame `a` now: a walk of the reverse map, under the locks of the tables. */
export const FIND_MAPPINGS = defineOp(
  'find mappings',
  0,
  (a, _b, _c, n, r) =>
    `rmap of ${n.frame(a)}${r === undefined ? '' : r === 0 ? ': none' : `: ${n.pages(r)}`}`,
)

/** 1 if no entry of table `a` is present; under the page-table lock. */
export const IS_EMPTY = defineOp('is empty', 2, undefined, 'left')

/** 1 if all entries of table `a` are present small pages; under the page-table lock. */
export const IS_FULL = defineOp('is full', 2, undefined, 'right')

/** The software walk has ended: it points to no table any more. */
export const FORGET_TABLES = defineOp('forget tables', 1, undefined, 'left')
