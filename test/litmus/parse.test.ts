/** What a file of litmus tests may look like, and the one sentence about what is wrong with it. */
import { describe, expect, it } from 'vitest'
import { keysOf } from '../../src/litmus/condition.ts'
import { parseLitmus } from '../../src/litmus/parse.ts'
import { intel, ran, read } from './texts.ts'

const ROWS = ['P0 | P1', 'mov [x],1 | mov eax,[x]']

describe('a file', () => {
  it('may have comments, titles and blocks of other tools anywhere', () => {
    const text = [
      '(* before (* and nested *) everything *)',
      'X86 group/name-1 (Alias) "a {title} of it" and "',
      'Prefetch=0:x=F,1:x=T',
      'Com=Rf Fr',
      '{ x = (* zero *) 0; uint64_t y; int z = 2; volatile int w=3; P1:EBX = 4 }; ',
      '  P0   |  P1 (* the reader *) ;',
      ' mov [x], $1',
      ' | MOV eax , [x] ;',
      '        | (* nothing *) ;',
      '<< show 1',
      'exists (x=9) >>',
      'locations [x; 1:EAX; [z]; w int;]',
      '~ exists',
      '(P1:EAX = 1 (* seen *) /\\ x = 1);',
      '<< exists >> (* exists *)',
    ].join('\r\n')
    const test = parseLitmus('a.litmus', text)
    expect(test.name).toBe('group/name-1')
    expect(test.initial).toEqual(
      new Map([
        ['[x]', 0n],
        ['[z]', 2n],
        ['[w]', 3n],
        ['1:RBX', 4n],
      ]),
    )
    expect(test.threads.map(({ number, program }) => [number, program.length])).toEqual([
      [0, 1],
      [1, 1],
    ])
    expect(test.conditions.map(({ quantifier }) => quantifier)).toEqual(['~exists'])
    expect(test.shown).toEqual(['1:RAX', '[x]', '[z]', '[w]'])
  })

  it('may leave out the last semicolon of the initial state, or have none at all', () => {
    for (const initial of ['x=1; y=2', 'x=1; y=2;', 'x=1;;y=2;']) {
      const test = read(intel(ROWS, 'exists (x=1)', initial))
      expect(test.initial).toEqual(
        new Map([
          ['[x]', 1n],
          ['[y]', 2n],
        ]),
      )
    }
    expect(read(intel(ROWS, 'exists (x=1)')).initial.size).toBe(0)
  })
})

describe('a condition', () => {
  const verdict = (predicate: string): string =>
    ran(intel(['P0', 'mov [x],1'], `exists ${predicate}`, 'y=2')).verdict
  it.each([
    ['(x=1)', 'Allow'],
    ['x=1 /\\ y=2', 'Allow'],
    ['(not (x=1))', 'Forbid'],
    ['not (not (x=1))', 'Allow'],
    ['~(x=2) /\\ ~ x=3', 'Allow'],
    ['(x=2 /\\ x=2 \\/ x=1)', 'Allow'],
    ['(x=1 \\/ x=2 /\\ x=2)', 'Allow'],
    ['((x=1 \\/ x=2) /\\ x=2)', 'Forbid'],
    ['(not x=2 /\\ y=3)', 'Forbid'],
    ['(x=2 => y=3)', 'Allow'],
    ['(x=1 => y=3)', 'Forbid'],
    ['(x!=1 \\/ y<>2)', 'Forbid'],
    ['([x]=0x1 /\\ *y=0b10)', 'Allow'],
    ['(true)', 'Allow'],
    ['(false \\/ x==2)', 'Forbid'],
  ])('%s is %s where x=1 and y=2', (predicate, expected) => {
    expect(verdict(predicate)).toBe(expected)
  })

  it.each([
    ['final (x=1);\nwith\ntso: ~exists;\ncc: exists;\ndefault: exists;', '~exists'],
    ['final (x=1);\nwith\ncc: exists;\ndefault: ~exists;', '~exists'],
    ['final (x=1) with tso: forall;', 'forall'],
    ['final (x=1)', 'exists'],
    ['exists (x=1)', 'exists'],
    ['~exists(x=1);', '~exists'],
    ['not exists (x=1)', '~exists'],
    ['forall x=1', 'forall'],
  ])('%j is quantified by %s', (end, quantifier) => {
    const { conditions } = read(intel(ROWS, end))
    expect(conditions.map((condition) => condition.quantifier)).toEqual([quantifier])
    expect(keysOf(conditions[0].predicate)).toEqual(['[x]'])
  })
})

describe('what cannot be read is refused with the line and what was expected', () => {
  const rows = (...more: string[]): string => intel([...ROWS, ...more], 'exists (x=1)')
  it.each([
    ['', 'line 1: found the end of the file, expected an architecture and the name of the test'],
    ['C sb\n{}\n', 'line 1: the architecture is C, expected X86 or X86_64'],
    ['X86 a\n\nP0;', 'line 3: found the end of the file, expected the initial state in braces'],
    ['X86 a\n{ x=1;\nP0;', 'line 2: the initial state does not end, expected "}"'],
    [
      intel(ROWS, 'exists (x=1)', '0:EAX=x'),
      'line 2: found "x", expected a number; addresses in registers are not supported',
    ],
    [intel(ROWS, 'exists (x=1)', 'x=1 y=2'), 'line 2: found "y=2", expected ";" or "}"'],
    [intel(ROWS, 'exists (x=1)', '7:EAX=1'), 'there is no P7'],
    [intel(['P0 | T1'], 'exists (x=1)'), 'line 3: found "T1", expected the name of a thread such as P0'],
    [rows('a | b | c'), 'line 5: the row has 3 columns, expected 2'],
    [rows('add eax,1 |'), 'line 5: "add eax,1" is not supported; expected mov, xchg, mfence'],
    [rows('lock mov eax,1 |'), 'line 5: "lock mov eax,1" is not supported'],
    [rows('| jmp L'), 'line 5: "jmp L" is not supported'],
    [rows('lock inc [x],1 |'), 'line 5: "lock inc [x],1" should have one operand'],
    [rows('lock add eax,1 |'), 'line 5: "lock add eax,1" is locked, but does not store to memory'],
    [
      rows('lock sub [x],eax |'),
      'line 5: "lock sub [x],eax" is not supported; expected a number to subtract',
    ],
    [rows('lock xadd [x],1 |'), 'line 5: "lock xadd [x],1" needs a register'],
    [rows('mov eax |'), 'line 5: "mov eax" should have two operands'],
    [rows('mov [x],[y] |'), 'line 5: "mov [x],[y]" has two operands in memory'],
    [rows('mov 1,eax |'), 'line 5: "mov 1,eax" stores to a number'],
    [rows('xchg eax,1 |'), 'line 5: "xchg eax,1" stores to a number'],
    [rows('mov rax,bl |'), 'line 5: "mov rax,bl" mixes operands of 64 and 8 bits'],
    [
      rows('mov eax,[rbx] |'),
      'line 5: "[rbx]" is no plain location; addresses in registers and offsets are not supported',
    ],
    [rows('mov eax,[x+4] |'), 'line 5: "[x+4]" is no plain location'],
    [rows('mov eax,x |'), 'line 5: "x" is no operand of X86; expected [x], EAX or 1'],
    [intel(ROWS, ''), 'the file ends without a condition'],
    [intel(ROWS, 'locations [x;]'), 'there is no condition, expected exists, ~exists or forall'],
    [intel(ROWS, 'exists (x=1'), 'found the end of the file, expected ")"'],
    [intel(ROWS, 'exists (x 1)'), 'line 5: found "1)", expected "="'],
    [
      intel(ROWS, 'exists (x=y)'),
      'line 5: found "y)", expected a number; addresses as values are not supported',
    ],
    [intel(ROWS, 'exists (0:FOO=1)'), 'line 5: "FOO" is no general register'],
    [intel(ROWS, 'exists (5:EAX=1)'), 'there is no P5'],
    [
      intel(ROWS, 'exists (x=1) and more'),
      'line 5: found "and", expected exists, ~exists, forall, final, locations or filter',
    ],
    [`${intel(ROWS, 'exists (x=1)')}(* open`, 'line 6: the comment "(*" has no "*)"'],
    [`${intel(ROWS, 'exists (x=1)')}<< open`, 'line 6: "<<" has no ">>"'],
  ])('%#', (text, sentence) => {
    expect(() => read(text)).toThrow(sentence)
    expect(() => read(text)).toThrow(/^mine\.litmus, line \d+: [^\n]+\.$/)
  })
})
