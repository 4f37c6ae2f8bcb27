/**
 * The smallest race that a case shrinks to, with its proof; and a proof once more. A race that ends and one that goes round
 * for ever are made small by different searches, and those who keep them need not know by which.
 */
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import { certifyLivelock } from '../liveness/certify.ts'
import type { Race } from '../scenario/race.ts'
import { certifyAgain, type Certificate, type Certified, type CertifyOptions } from '../shrink/certificate.ts'
import { shrink } from '../shrink/shrink.ts'
import type { Spent } from '../shrink/spent.ts'

/** @returns undefined if no proof was come by: the search is too large, or was ended early */
export function prove(race: Race, options: CertifyOptions = {}): Certified | undefined {
  if (race.cycle !== undefined) return certifyLivelock(race, withStop(options))
  const { race: small, certificate } = shrink(race, options)
  return certificate && { race: small, certificate }
}

/**
 * The searches that a certificate can have come from, each done again: there are two for a deadlock, which either search
 * can end in. What is undefined was too large, or ended early.
 */
export function* proofsAgain(
  race: Race,
  certificate: Certificate,
  options: CertifyOptions = {},
): Generator<Certified | undefined> {
  if (race.cycle === undefined) yield certifyAgain({ race, certificate }, options)
  if (race.violation.invariant !== FLUSH_COMPLETES.name) return
  yield certifyLivelock({ ...race, bounds: { ...race.bounds, ...certificate.machine } }, withStop(options))
}

const withStop = ({ stop, spent }: CertifyOptions): { stop?: () => boolean; spent?: Spent | undefined } =>
  stop === undefined ? { spent } : { stop, spent }
