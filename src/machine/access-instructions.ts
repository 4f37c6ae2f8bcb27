/** Instructions that access memory by an address: segment checks first, then the access itself. */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import { ACCESS } from './access.ts'
import { DETAILED, GENERAL_PROTECTION, decodeAccess, type Access } from './access-result.ts'
import type { MachineConfig } from './config.ts'
import { CONTENT_MAX } from './frame-word.ts'
import { RAISE_GP } from './invalidate.ts'
import { isCanonical, modeBits, need, type AccessMode } from './operands.ts'
import { WRITE } from './rights.ts'

/** A data write of a value that a frame can hold. */
export function* writeAccess(
  config: MachineConfig,
  page: number,
  value: number,
  mode: AccessMode,
): Code<Access> {
  if (!(value >= 0 && value <= CONTENT_MAX))
    throw fail.badConfig('value of write', value, `0 to ${CONTENT_MAX}, which is what a frame can hold`)
  if (value > 1) need('A value to write', config.contents, 'contents')
  return yield* access(config, page, WRITE, value, mode)
}

/** An access of a kind (0, WRITE, FETCH) to a page number in its segment. */
export function* access(
  config: MachineConfig,
  offset: number,
  kind: number,
  value: number,
  mode: AccessMode,
): Code<Access> {
  const { base = 0, limit = Infinity } = mode
  const page = base + offset
  const bits = modeBits(config, mode, kind)
  if (offset > limit || !isCanonical(config, page)) {
    yield* perform(RAISE_GP)
    return GENERAL_PROTECTION
  }
  if (!config.pages.includes(page))
    throw fail.badConfig('page of an access', page, `one of ${config.pages.join(', ')}`)
  return decodeAccess(yield* perform(ACCESS, page, bits | DETAILED, value, 0))
}
