/**
 * The algorithm itself, broken in one place at a time: each mistake is told by a protocol of the catalogue, which one is
 * stated. The sources are changed as text and loaded from a folder of their own.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { findLivelock } from '../../src/liveness/livelock.ts'
import { Space } from '../../src/protocol/index.ts'
import { catalogue } from './catalogue.ts'

interface Mutant {
  readonly mistake: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** An entry of the catalogue that is misjudged then. */
  readonly toldBy: string
}

const mutants: readonly Mutant[] = [
  {
    mistake: 'fairness is ignored',
    file: 'fair.ts',
    from: 'if (left.length === component.length)',
    to: 'if (true)',
    toldBy: 'a spin loop whose flag is set',
  },
  {
    mistake: 'what somebody is there for is ignored',
    file: 'graph.ts',
    from: 'this.duty[edge] !== NOBODY && this.advances[edge] === 0',
    to: 'this.duty[edge] !== NOBODY',
    toldBy: 'a server that serves',
  },
  {
    mistake: 'strong duties are weak',
    file: 'fair.ts',
    from: 'unpaid.filter((each) => duties.strong[each])',
    to: 'unpaid.filter(() => false)',
    toldBy: 'a lock that is handed on in turn',
  },
  {
    mistake: 'weak duties are strong',
    file: 'fair.ts',
    from: 'unpaid.filter((each) => duties.strong[each])',
    to: 'unpaid',
    toldBy: 'a flag that flickers',
  },
  {
    mistake: 'a weak duty that is owed anywhere must be fulfilled',
    file: 'fair.ts',
    from: 'owing[each] === component.length',
    to: 'owing[each] > 0',
    toldBy: 'a lock that one thread may always get first',
  },
  {
    mistake: 'what is over is not over',
    file: 'graph.ts',
    from: 'final ? FINAL : progress === 0',
    to: 'progress === 0 && !final',
    toldBy: 'a daemon',
  },
  {
    mistake: 'a deadlock is an end',
    file: 'graph.ts',
    from: 'progress === 0 ? STUCK : GOING',
    to: 'GOING',
    toldBy: 'a wake-up between look and sleep',
  },
  {
    mistake: 'a loop of one state is none',
    file: 'components.ts',
    from: 'component.length > 1 || this.loops(state)',
    to: 'component.length > 1',
    toldBy: 'a coin',
  },
  {
    mistake: 'components run into each other',
    file: 'components.ts',
    from: 'for (const member of component) index[member] = DONE',
    to: '',
    toldBy: 'a fork that joins',
  },
  {
    mistake: 'a run goes on behind a violation',
    file: 'graph.ts',
    from: 'system.clearViolation()\n        continue',
    to: 'system.clearViolation()',
    toldBy: 'a spin loop beside a violation',
  },
  {
    mistake: 'switches cost nothing',
    file: 'shortest-lasso.ts',
    from: 'Frontier.cost(1, 0)',
    to: 'Frontier.cost(0, 0)',
    toldBy: 'trylocks that are crossed',
  },
  {
    mistake: 'any cycle will do',
    file: 'shortest-lasso.ts',
    from: 'target + 1 === from && ledger.isSettled(bits)',
    to: 'target + 1 === from',
    toldBy: 'trylocks that are crossed',
  },
  {
    mistake: 'a strong duty need not be fulfilled if some state does not owe it',
    file: 'ledger.ts',
    from: 'else if (called === undefined) entry |= bit',
    to: 'else entry |= bit',
    toldBy: 'a lock that is handed to and fro for ever',
  },
]

const sources = new URL('../../src/liveness/', import.meta.url)
const folders: string[] = []

/** The algorithm with a piece of its text replaced. */
async function broken({ file, from, to }: Mutant): Promise<typeof findLivelock> {
  const folder = mkdtempSync(join(tmpdir(), 'liveness-mutant-'))
  folders.push(folder)
  for (const name of readdirSync(sources)) {
    let text = readFileSync(new URL(name, sources), 'utf8')
    if (name === file) {
      expect(text).toContain(from)
      text = text.replace(from, to)
    }
    writeFileSync(join(folder, name), text.replaceAll("'../", `'${new URL('../', sources).href}`))
  }
  const loaded: unknown = await import(pathToFileURL(join(folder, 'livelock.ts')).href)
  return (loaded as { findLivelock: typeof findLivelock }).findLivelock
}

/** Entries of the catalogue that are misjudged, or that an algorithm cannot cope with. */
function misjudged(find: typeof findLivelock): string[] {
  const wrong = catalogue.filter(({ make, verdict, lasso: expected }) => {
    try {
      const found = find(new Space(make()), { maxStates: 1000 })
      const { lasso } = found
      const size = lasso && [lasso.cost.switches, lasso.stem.length, lasso.cycle.length]
      return found.verdict !== verdict || JSON.stringify(size) !== JSON.stringify(expected)
    } catch {
      return true
    }
  })
  return wrong.map(({ name }) => name)
}

describe('a search for livelocks that is broken', () => {
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

  it.each(mutants)('is told: $mistake', async (mutant) => {
    expect(misjudged(await broken(mutant))).toContain(mutant.toldBy)
  })

  it('is not the one that there is', () => {
    expect(misjudged(findLivelock)).toEqual([])
  })
})
