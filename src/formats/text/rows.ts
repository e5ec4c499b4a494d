import type { Line } from './lines.ts';

/** A row of a table: the cells of one line, or of several if a quoted cell contains line breaks. */
export interface Row {
  /** The number of its first line, from 1. */
  readonly line: number;
  /** Trimmed cells; a quoted one without its quotes. */
  readonly cells: string[];
  /** Whether the row is complete: its last line ends with a line break, and no quoted cell is open. */
  readonly ended: boolean;
}

/** Separator of the cells of a row; 'space' is any number of spaces and tabs. */
export type Delimiter = ',' | ';' | '\t' | '|' | 'space';

/** Maximum number of lines of a row. */
const maxRowLines = 1000;

/** Splits lines into rows; blank lines are skipped. Throws an Error if a quoted cell is not closed before the last line. */
export function* rowsOf(lines: Iterable<Line>, delimiter: Delimiter): Generator<Row> {
  let open: { line: number; text: string; lines: number } | undefined;
  for (const { number, text, ended } of lines) {
    if (!open && !text.includes('"')) {
      if (!isBlank(text)) yield { line: number, cells: splitPlain(text, delimiter), ended };
      continue;
    }
    const row: { line: number; text: string; lines: number } = open
      ? { ...open, text: `${open.text}\n${text}`, lines: open.lines + 1 }
      : { line: number, text, lines: 1 };
    const cells = splitQuoted(row.text, delimiter);
    open = cells ? undefined : row;
    if (cells) yield { line: row.line, cells, ended };
    else if (row.lines > maxRowLines) throw unclosed(row.line);
  }
  if (!open) return;
  if (open.lines > 1) throw unclosed(open.line);
  yield { line: open.line, cells: [], ended: false };
}

function unclosed(line: number): Error {
  return new Error(`line ${line} contains a quoted cell that is not closed`);
}

export function isBlank(text: string): boolean {
  return text === '' || /^[\s\ufeff]*$/.test(text);
}

function splitPlain(text: string, delimiter: Delimiter): string[] {
  const cells = delimiter === 'space' ? text.trim().split(/\s+/) : text.split(delimiter);
  for (let i = 0; i < cells.length; i++) if (hasOuterSpace(cells[i])) cells[i] = cells[i].trim();
  return delimiter === '|' ? withoutBorders(cells) : cells;
}

/** Whether a cell may start or end with white space: a space, or a character that is not in ASCII. */
function hasOuterSpace(cell: string): boolean {
  const [first, last] = [cell.charCodeAt(0), cell.charCodeAt(cell.length - 1)];
  return first <= 0x20 || last <= 0x20 || first > 0x7f || last > 0x7f;
}

/** The cells of a text with quotes; undefined if a quoted cell is not closed. */
function splitQuoted(text: string, delimiter: Delimiter): string[] | undefined {
  const cells: string[] = [];
  const separator = delimiter === 'space' ? /\s+/y : undefined;
  const isSeparator = (at: number) => (delimiter === 'space' ? /\s/.test(text[at]) : text[at] === delimiter);
  for (let at = 0; ;) {
    while (at < text.length && /\s/.test(text[at]) && !isSeparator(at)) at++;
    let cell = '';
    if (text[at] === '"') {
      for (let from = at + 1; ;) {
        const end = text.indexOf('"', from);
        if (end < 0) return undefined;
        cell += text.slice(from, end);
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
        from = at + 1;
      }
      const from = at;
      while (at < text.length && !isSeparator(at)) at++;
      cell += text.slice(from, at).trimEnd();
    } else {
      const from = at;
      while (at < text.length && !isSeparator(at)) at++;
      cell = text.slice(from, at).trim();
    }
    cells.push(cell);
    if (at >= text.length) return delimiter === '|' ? withoutBorders(cells) : cells;
    if (separator) {
      separator.lastIndex = at;
      at += separator.exec(text)?.[0].length ?? 1;
      if (at >= text.length) return cells;
    } else at++;
  }
}

/** Rows of a Markdown table start and end with `|`. */
function withoutBorders(cells: string[]): string[] {
  return cells.length > 2 && cells[0] === '' && cells.at(-1) === '' ? cells.slice(1, -1) : cells;
}
