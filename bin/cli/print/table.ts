/** Lays out tables: columns that the terminal has no room for continue on indented lines below their row. */

const GAP = '  ';

/** A text that others wrote, for a terminal, which would obey its control characters. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

/** The same of a text that may have several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** A column, and its place. */
interface Column {
  readonly index: number;
  readonly width: number;
}

/**
 * The lines of a table.
 *
 * @param width of the terminal; infinite if there is none
 */
export function tableLines(
  head: readonly string[],
  cells: readonly (readonly string[])[],
  { width, bold }: { readonly width: number; readonly bold: (text: string) => string },
): string[] {
  const rows = cells.map((row) => row.map(printable));
  const natural = head.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]!.length)));
  const indent = Math.min(natural[0]! + GAP.length, Math.floor(width / 3));
  const lines = fold(natural, width, indent);
  const print = (row: readonly string[], style: (text: string) => string): string[] =>
    lines.flatMap((columns, line) => rowLines(row, columns, line === 0 ? 0 : indent, style));
  return [...print(head, bold), ...rows.flatMap((row) => print(row, (text) => text))];
}

/** Distributes columns over lines. Text is wrapped only in the last column, and in a column that fills a line alone. */
function fold(natural: readonly number[], width: number, indent: number): Column[][] {
  const lines: Column[][] = [[]];
  let left = width;
  natural.forEach((wanted, index) => {
    const wraps = lines.at(-1)!.length === 0 || (index === natural.length - 1 && left >= width / 2);
    if (wanted > left && !wraps) {
      lines.push([]);
      left = width - indent;
    }
    lines.at(-1)!.push({ index, width: Math.min(wanted, Math.max(left, 1)) });
    left -= wanted + GAP.length;
  });
  return lines;
}

function rowLines(
  row: readonly string[],
  columns: readonly Column[],
  indent: number,
  style: (text: string) => string,
): string[] {
  const wrapped = columns.map(({ index, width }) => wrap(row[index]!, width));
  const height = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const texts = columns.map(({ width }, column) => {
      const text = wrapped[column]![line] ?? '';
      return `${text && style(text)}${' '.repeat(Math.max(0, width - text.length))}`;
    });
    return `${' '.repeat(indent)}${texts.join(GAP)}`.trimEnd();
  });
}

/** Breaks a text between words, and words that are too long. */
export function wrap(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const lines = [''];
  for (const word of text.split(' ').flatMap((one) => one.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [''])) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
