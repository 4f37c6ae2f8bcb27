/** Tables as text: a header line that names the columns, then one line a row, all separated by tabs. */

export interface TableRow {
  /** Number of the line in its file, from 1. */
  readonly line: number
  /** What stands in a column; nothing where the line is too short or there is no such column. */
  cell(column: string): string
}

export interface Table {
  readonly columns: readonly string[]
  /** Lines that are not empty. */
  readonly rows: readonly TableRow[]
}

export function readTable(text: string): Table {
  const [header, ...lines] = text
    .replaceAll('\r', '')
    .split('\n')
    .map((line) => line.split('\t').map((cell) => cell.trim()))
  const rows = lines.flatMap((cells, i) =>
    cells.every((cell) => cell === '')
      ? []
      : [{ line: i + 2, cell: (column: string) => cells[header.indexOf(column)] ?? '' }],
  )
  return { columns: header, rows }
}
