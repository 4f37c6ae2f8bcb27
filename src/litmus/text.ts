/**
 * The text of a litmus test, read from left to right, with the line that each complaint is about. Comments, which may
 * stand anywhere and nest, and the `<< ... >>` blocks of older tools are blanks to everybody else.
 */
import { fail, type ShootdownError } from '../errors.ts'

export class Text {
  readonly file: string
  readonly text: string
  at = 0

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  /** A file as it was read. */
  static of(file: string, raw: string): Text {
    return new Text(file, new Text(file, raw.replaceAll('\r', '')).withoutComments())
  }

  /** The complaint about what stands at `at`. */
  wrong(problem: string, at = this.at): ShootdownError {
    return fail.litmus(this.file, this.text.slice(0, at).split('\n').length, problem)
  }

  skipBlanks(): void {
    while (this.at < this.text.length && this.text[this.at].trim() === '') this.at++
  }

  get ended(): boolean {
    this.skipBlanks()
    return this.at >= this.text.length
  }

  /** Takes what the pattern matches behind the next blanks, or nothing. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    this.skipBlanks()
    const sticky = new RegExp(pattern.source, `${pattern.flags.replace('y', '')}y`)
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)
    if (found === null) return undefined
    this.at += found[0].length
    return found
  }

  /** Takes what the pattern matches, or complains that something else was found. */
  expect(pattern: RegExp, what: string): RegExpExecArray {
    const found = this.take(pattern)
    if (found === undefined) throw this.wrong(`found ${this.nextWord()}, expected ${what}`)
    return found
  }

  /** Takes everything up to one of the characters, and that one; `what` is what they end. */
  upTo(ends: string, what: string): { readonly text: string; readonly from: number } {
    const from = this.at
    while (this.at < this.text.length && !ends.includes(this.text[this.at])) this.at++
    if (this.at >= this.text.length)
      throw this.wrong(`${what} does not end, expected "${ends}"`, Math.min(from + 1, this.text.length))
    return { text: this.text.slice(from, this.at++), from }
  }

  /** What comes next, for complaints. */
  nextWord(): string {
    if (this.ended) return 'the end of the file'
    return `"${/^(\S+)/.exec(this.text.slice(this.at))![1].slice(0, 40)}"`
  }

  private withoutComments(): string {
    const { text } = this
    let out = ''
    for (let at = 0; at < text.length;) {
      const end = this.endOfBlock(at)
      out += end === at ? text[at] : text.slice(at, end).replaceAll(/[^\n]/g, ' ')
      at = Math.max(end, at + 1)
    }
    return out
  }

  /** Where the comment or block that begins here ends; `at` itself where none does. */
  private endOfBlock(at: number): number {
    const { text } = this
    if (text.startsWith('<<', at)) {
      const end = text.indexOf('>>', at)
      if (end < 0) throw this.wrong('"<<" has no ">>"', at)
      return end + 2
    }
    if (!text.startsWith('(*', at)) return at
    let depth = 0
    for (let i = at; i < text.length; i++) {
      if (text.startsWith('(*', i)) depth++
      else if (text.startsWith('*)', i)) depth--
      else continue
      i++
      if (depth === 0) return i + 1
    }
    throw this.wrong('the comment "(*" has no "*)"', at)
  }
}

/** A number as litmus tests write them: decimal, hexadecimal, octal or binary, with a sign. */
export const NUMBER = /[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+)(?![\w])/

export function numberOf(text: string): bigint {
  const negative = text.startsWith('-')
  const magnitude = BigInt(text.replace(/^[+-]/, ''))
  return negative ? -magnitude : magnitude
}
