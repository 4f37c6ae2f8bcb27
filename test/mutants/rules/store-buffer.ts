/** Broken rules of store buffers: who sees what, in which order stores leave, and what waits for that. */
import { INTERRUPT, whoOf } from '../../../src/scenario/transition.ts'
import { FETCH } from '../../../src/machine/rights.ts'
import { modeOf } from '../../../src/machine/walk-stage.ts'
import { applying, drained, instead, sparing, undrained, wordsOf, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

/** Walks for instruction fetches have no choice of what they see. */
const fetching = (alternative: number): Breakage =>
  instead('walk', (before, m) => (v, a, b, c) => {
    if (modeOf(c) & FETCH) m.alternative = alternative
    return before(v, a, b, c)
  })

export const storeBuffer = [
  broken('a load does not see the stores that its own CPU has buffered', ({ machine: { buffer, S } }) => {
    buffer.read = (_v, word) => S[word]
  }),
  broken('a load sees the oldest store that its own CPU has buffered, not the newest', ({ machine }) => {
    const { buffer } = machine
    const read = buffer.read.bind(buffer)
    buffer.read = (v, word) => {
      if (v >= machine.config.vcpus || buffer.isEmpty(v)) return read(v, word)
      const oldest = buffer.oldest(v)
      return oldest.word === word ? oldest.value : read(v, word)
    }
  }),
  broken('a load sees what another CPU has buffered', ({ machine }) => {
    const { buffer } = machine
    const read = buffer.read.bind(buffer)
    buffer.read = (v, word) => {
      for (let cpu = 0; cpu < machine.config.vcpus; cpu++) if (buffer.holds(cpu, word)) return read(cpu, word)
      return read(v, word)
    }
  }),
  broken('a load waits for the stores before it', drained('load')),
  broken('the walk for an instruction fetch sees every store of its own CPU', fetching(0)),
  broken('the walk for an instruction fetch sees no store of its own CPU', fetching(1)),
  broken('stores to different words overtake each other (PSO)', ({ machine }) => {
    const { buffer, config, S } = machine
    const fields = ['buffered store', 'buffered value'].map((name) => wordsOf(machine, name))
    const drain = buffer.drain.bind(buffer)
    buffer.drain = (v) => {
      const first = v * config.storeBuffer
      const [words] = fields
      const second = config.storeBuffer > 1 ? S[words[first + 1]] : 0
      if (second !== 0 && second !== S[words[first]])
        for (const field of fields)
          [S[field[first]], S[field[first + 1]]] = [S[field[first + 1]], S[field[first]]]
      drain(v)
    }
  }),
  broken('the newest of two stores to a word gets lost', ({ machine: { buffer } }) => {
    const write = buffer.write.bind(buffer)
    buffer.write = (v, word, value) => (buffer.holds(v, word) ? undefined : write(v, word, value))
  }),
  broken(
    'a store reaches memory and stays in the buffer for its CPU to see',
    ({ machine: { buffer, S } }) => {
      const write = buffer.write.bind(buffer)
      buffer.write = (v, word, value) => {
        write(v, word, value)
        S[word] = value
      }
    },
  ),
  broken('MFENCE does not wait for the stores before it', undrained('mfence')),
  broken('XCHG does not wait for the stores before it', undrained('xchg')),
  broken('CMPXCHG does not wait for the stores before it', undrained('cmpxchg')),
  broken('locked arithmetic does not wait for the stores before it', undrained('add', 'or', 'and')),
  broken('a locked change of an entry does not wait for the stores before it', undrained('xchg entry')),
  broken('a store of an entry goes past the store buffer', ({ machine }) => {
    const { buffer, S, layout } = machine
    const write = buffer.write.bind(buffer)
    buffer.write = (v, word, value) =>
      layout.fieldAt(word).name === 'entry' ? void (S[word] = value) : write(v, word, value)
  }),
  broken('a serializing instruction lets a speculative walk go on', sparing('serialize', 'speculative walk')),
  broken('a serializing instruction does not wait for the stores before it', undrained('serialize')),
  broken(
    'INVPCID and writes to control registers do not wait for the stores before them',
    undrained('INVPCID', 'write control bits'),
  ),
  broken('an IPI by the xAPIC overtakes the stores before it', undrained('send IPI')),
  broken('an IPI by the x2APIC waits for the stores before it', drained('send IPI')),
  broken(
    'an interrupt drains the store buffer before it is taken',
    applying(INTERRUPT, (t, before, { machine }) => {
      machine.buffer.drainAll(whoOf(t))
      before()
    }),
  ),
  broken('IRET leaves stores in the buffer', (world) => {
    world.parts.stacks.isHandler = () => false
  }),
  broken('INVLPGB waits for the stores before it', drained('INVLPGB')),
]
