/** The classic programs, in both forms: every final state that x86-TSO allows, and no other. */
import { describe, expect, it } from 'vitest'
import type { Breakage } from '../../src/experiment/options.ts'
import { MFENCE } from '../../src/machine/memory.ts'
import { runLitmus } from '../../src/litmus/run.ts'
import { att, intel, ran, read } from './texts.ts'

const SB = ['P0 | P1', 'MOV [x],1 | MOV [y],1', 'MOV EAX,[y] | MOV EAX,[x]']

describe('store buffering', () => {
  it('reaches the state in which both loads come first', () => {
    expect(ran(intel(SB, 'exists (0:EAX=0 /\\ 1:EAX=0)'))).toEqual({
      verdict: 'Allow',
      keys: ['0:RAX', '1:RAX'],
      states: ['0,0', '0,1', '1,0', '1,1'],
    })
  })

  it.each(['MFENCE', 'XCHG [z],EBX', 'XCHG EBX,[z]', 'LOCK XCHG [z],EBX'])(
    'not with %s in between',
    (between) => {
      const rows = [SB[0], SB[1], `${between} | ${between}`, SB[2]]
      const { verdict, states } = ran(intel(rows, 'exists (0:EAX=0 /\\ 1:EAX=0)'))
      expect({ verdict, states }).toEqual({ verdict: 'Forbid', states: ['0,1', '1,0', '1,1'] })
    },
  )

  it.each(['LFENCE', 'SFENCE', 'NOP', 'XCHG EBX,ECX', 'MOV EBX,EAX'])('but with %s', (between) => {
    const rows = [SB[0], SB[1], `${between} | ${between}`, SB[2]]
    expect(ran(intel(rows, 'exists (0:EAX=0 /\\ 1:EAX=0)')).verdict).toBe('Allow')
  })

  it('is found in AT&T form as well, where the source comes first', () => {
    const rows = ['P0 | P1', 'movl $1,(x) | movl $1,(y)', 'movl (y),%eax | movl (x),%eax']
    expect(ran(att(rows, 'exists (0:rax=0 /\\ 1:rax=0)')).states).toEqual(['0,0', '0,1', '1,0', '1,1'])
  })
})

it('a load takes the newest of the own stores', () => {
  const rows = ['P0', 'MOV [x],1', 'MOV [x],2', 'MOV EAX,[x]']
  expect(ran(intel(rows, 'forall (0:EAX=2)'))).toMatchObject({ verdict: 'Require', states: ['2'] })
})

it('stores stay in order, loads too (MP)', () => {
  const rows = ['P0 | P1', 'MOV [x],1 | MOV EAX,[y]', 'MOV [y],1 | MOV EBX,[x]']
  const { verdict, states } = ran(intel(rows, '~exists (1:EAX=1 /\\ 1:EBX=0)'))
  expect({ verdict, states }).toEqual({ verdict: 'Forbid', states: ['0,0', '0,1', '1,1'] })
})

it('an exchange leaves the old value in the register, one of two gets the other', () => {
  const rows = ['P0 | P1', 'XCHG [x],EAX | XCHG [x],EBX']
  const end = 'exists (0:EAX=1 /\\ 1:EBX=1)\nlocations [x;]'
  expect(ran(intel(rows, end, '0:EAX=1; 1:EBX=2')).states).toEqual(['0,1,2', '2,0,1'])
})

describe('a locked instruction', () => {
  it.each([
    ['inc [x]', 6],
    ['dec [x]', 4],
    ['add [x],3', 8],
    ['add [x],ebx', 7],
    ['sub [x],5', 0],
    ['or [x],2', 7],
    ['and [x],4', 4],
  ])('%s leaves %i where there was 5', (instruction, value) => {
    const text = intel(['P0', `lock ${instruction}`], `forall (x=${value})`, 'x=5; 0:EBX=2')
    expect(ran(text)).toMatchObject({ verdict: 'Require', states: [String(value)] })
  })

  it.each(['inc [z]', 'add [z],1', 'or [z],1', 'and [z],1', 'xadd [z],ebx', 'cmpxchg [z],ebx'])(
    '%s drains the store buffer',
    (instruction) => {
      const rows = [SB[0], SB[1], `lock ${instruction} | mfence`, SB[2].replace('MOV EAX,[y]', 'MOV ECX,[y]')]
      expect(ran(intel(rows, 'exists (0:ECX=0 /\\ 1:EAX=0)')).verdict).toBe('Forbid')
    },
  )

  it('is atomic, and XADD leaves the old value in its register', () => {
    const rows = ['P0 | P1', 'lock xaddl %eax,(x) | lock xaddl %eax,(x)', '| lock incl (x)']
    const end = 'exists (0:rax=1 /\\ 1:rax=0 /\\ x=4)'
    expect(ran(att(rows, end, '0:rax=1; 1:rax=2')).states).toEqual(['0,1,4', '2,0,4', '3,0,4'])
  })

  it('is done to one of two by CMPXCHG, which leaves the old value in RAX', () => {
    const rows = ['P0 | P1', 'mov ebx,1 | mov ebx,2', 'lock cmpxchg [x],ebx | lock cmpxchg [x],ebx']
    expect(ran(intel(rows, 'exists (0:EAX=0 /\\ 1:EAX=0 /\\ x=0)')).states).toEqual(['0,1,1', '2,0,2'])
  })

  it('is refused where a value could get too large or fall below 0', () => {
    const text = (initial: string) => intel(['P0', 'lock add [x],2'], 'exists (x=0)', initial)
    const sentence = 'computing with values below 0 or above 65535 is not supported'
    expect(() => ran(text('x=65534'))).toThrow(sentence)
    expect(() => ran(text('x=-1'))).toThrow(sentence)
    expect(() => ran(intel(['P0', 'lock dec [x]'], 'exists (x=0)'))).toThrow(sentence)
  })
})

it('a thread of many loads gives the same states, though its histories are too many to be followed ahead', () => {
  const names = ['EAX', 'EBX', 'ECX', 'EDX', 'ESI']
  const loads = names.map((name) => `| MOV ${name},[x]`)
  const rows = [
    'P0 | P1',
    ...[1, 2, 3, 4].map((value) => `MOV [x],${value} |`),
    ...loads,
    '| XCHG EAX,EBX',
    '| MOV EDI,EAX',
  ]
  const { states } = ran(intel(rows, 'exists (1:EDI=0 /\\ 1:EBX=0 /\\ 1:ESI=1)'))
  // EDI holds what the second load found, EBX what the first did, ESI what the last did.
  const ordered = [0, 1, 2, 3, 4].flatMap((first) =>
    [0, 1, 2, 3, 4].flatMap((second) =>
      [0, 1, 2, 3, 4].flatMap((last) =>
        first <= second && second <= last ? [`${second},${first},${last}`] : [],
      ),
    ),
  )
  expect(states).toEqual(ordered.toSorted())
})

it('registers and locations begin as they are told, and keep what nobody changes', () => {
  const rows = ['P1 | P3', 'MOV EAX,[x] | MOV [y],7']
  const end = 'exists (P1:EAX=0x10 /\\ P3:ECX=5 /\\ y=7 /\\ z=-1 /\\ w=0)'
  const { verdict, keys, states } = ran(intel(rows, end, 'x=16; int z = -1; 3:CX=5; [y]=3'))
  expect(keys).toEqual(['1:RAX', '3:RCX', '[y]', '[z]', '[w]'])
  expect({ verdict, states }).toEqual({ verdict: 'Allow', states: ['16,5,7,4294967295,0'] })
})

it('a register is the same by all of its names', () => {
  const rows = ['P0', 'movl $5,%r8d', 'movq %r8,%rdi', 'movl %edi,(x)', 'movb (x),%bl']
  expect(ran(att(rows, 'exists (0:R8=5 /\\ 0:edi=5 /\\ 0:bx=5 /\\ x=5)')).states).toEqual(['5,5,5,5'])
})

it('numbers are as wide as what they are stored to', () => {
  const rows = ['P0', 'MOV [x],-1', 'MOV EAX,[x]']
  expect(ran(intel(rows, 'forall (0:EAX=0xffffffff /\\ x=-1)'))).toMatchObject({
    verdict: 'Require',
    states: ['4294967295,4294967295'],
  })
  expect(ran(att(['P0', 'movb $0x1ff,(x)'], 'forall (x=255)')).verdict).toBe('Require')
})

it('a filter takes final states out', () => {
  const filtered = intel(SB, 'filter (0:EAX=0)\nforall (1:EAX=0 \\/ 1:EAX=1 /\\ not (0:EAX=1))')
  expect(ran(filtered)).toMatchObject({
    verdict: 'Require',
    keys: ['1:RAX', '0:RAX'],
    states: ['0,0', '1,0'],
  })
})

it('each of several conditions has its verdict', () => {
  const end =
    'exists (0:EAX=0 /\\ 1:EAX=0)\n~exists (0:EAX=2)\nforall (0:EAX=0 \\/ 0:EAX=1)\nforall (0:EAX=1)'
  const { verdict, verdicts } = runLitmus(read(intel(SB, end)))
  expect(verdict).toBe('Allow')
  expect(verdicts).toEqual(['Allow', 'Forbid', 'Require', 'Allow'])
})

it('observes what it is asked for', () => {
  const { keys, states } = runLitmus(read(intel(SB, 'exists (0:EAX=0 /\\ 1:EAX=0)')), {
    keys: ['[y]', '1:RAX'],
  })
  expect(keys).toEqual(['[y]', '1:RAX'])
  expect([...states].toSorted()).toEqual(['1,0', '1,1'])
})

it('refuses to observe a thread that is not there', () => {
  expect(() => runLitmus(read(intel(SB, 'exists (x=1)')), { keys: ['[x]', '4:RAX'] })).toThrow(
    'mine.litmus, line 1: 4:RAX is to be observed, but the test has no such thread.',
  )
})

it('buffers are deep enough for all stores of a thread', () => {
  // The last store of P0 is visible before the first only if a buffer is too shallow to hold the load back.
  const stores = ['a', 'b', 'c', 'd', 'e'].map((name) => `MOV [${name}],1 | `)
  const rows = ['P0 | P1', ...stores, 'MOV EAX,[y] | MOV [y],1', '| MFENCE', '| MOV EAX,[a]']
  expect(ran(intel(rows, 'exists (0:EAX=0 /\\ 1:EAX=0)')).verdict).toBe('Allow')
})

it('counts stores in a row only up to what drains them', () => {
  const five = Array.from({ length: 5 }, (_, i) => `MOV [x],${i}`)
  for (const between of ['MFENCE', 'XCHG [y],EAX', 'LOCK INC [y]'])
    expect(ran(intel(['P0', ...five, between, ...five], 'forall (x=4)')).verdict).toBe('Require')
})

it.each([
  ['threads', 6, Array.from({ length: 7 }, (_, i) => `P${i}`).join(' | '), []],
  ['stores of one thread in a row', 8, 'P0', Array.from({ length: 9 }, () => 'MOV [x],1')],
] as const)('refuses more %s than the machine has room for', (what, limit, head, rows) => {
  expect(() => ran(intel([head, ...rows], 'exists (x=0)'))).toThrow(
    `mine.litmus, line 1: the test has ${limit + 1} ${what}, expected at most ${limit}.`,
  )
})

it('refuses values that depend on which part of a register they are in', () => {
  expect(() => ran(att(['P0', 'movl $0x1ff,%eax', 'movb %al,(x)'], 'exists (x=255)'))).toThrow(
    'operands of different sizes together with a value that does not fit 8 bits are not supported',
  )
})

it('runs on a machine that breaks a rule', () => {
  const test = read(
    intel(['P0 | P1', 'MOV [x],1 | MOV [y],1', 'MFENCE | MFENCE', SB[2]], 'exists (0:EAX=0 /\\ 1:EAX=0)'),
  )
  expect(runLitmus(test).verdict).toBe('Forbid')
  const breakage: Breakage = ({ machine }) => (machine.guards[MFENCE.code] = undefined)
  expect(runLitmus(test, { breakage }).verdict).toBe('Allow')
})
