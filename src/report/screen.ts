/** What is read on one screen, in the message of a failing test say: prose is broken where a line would be too wide. */

/** Columns of a screen. */
export const SCREEN = 100

/**
 * A text whose wide lines are broken between words; what goes on is indented by two columns more, or stands below the
 * text of a line that is numbered.
 */
export const wrapped = (text: string, width = SCREEN): string =>
  text
    .split('\n')
    .flatMap((line) => broken(line, width))
    .join('\n')

function broken(line: string, width: number): string[] {
  const [whole, indent] = /^( *)(?:\d+\. )?/.exec(line)!
  const deeper = ' '.repeat(whole === indent ? indent.length + 2 : whole.length)
  const lines: string[] = []
  let rest = line
  while (rest.length > width) {
    const at = rest.lastIndexOf(' ', width)
    // A word that is wider than the screen stays whole: it may be the path of a file.
    const end = at >= deeper.length ? at : rest.indexOf(' ', width)
    if (end < 0) break
    lines.push(rest.slice(0, end).trimEnd())
    rest = deeper + rest.slice(end).trimStart()
  }
  return [...lines, rest]
}
