import type { Recording, RecordingReader } from '../recording.ts';

/** Number of rows from which the layout of a file is determined. */
export const sniffedRows = 1000;

/** Receives the rows of a file once its layout is known. */
export interface Body {
  add(rows: readonly string[][]): void;
  recording(): Recording;
}

/**
 * Creates a reader of a text format whose layout is determined from the first rows. When there are enough of them, or at the
 * end of the text, `createBody` creates the body from them; later rows are added to it. `parse` converts complete lines to rows.
 * The text is UTF-8. The reader throws an Error for a zero byte, which text does not contain.
 */
export function headedReader(
  parse: (lines: string[]) => string[][],
  createBody: (head: string[][]) => Body,
): RecordingReader {
  const decoder = new TextDecoder();
  const lines = new LineSplitter();
  let head: string[][] = [];
  let body: Body | undefined;
  const read = (fresh: string[]) => {
    const rows = parse(fresh);
    if (body) {
      body.add(rows);
      return;
    }
    head = head.concat(rows);
    if (head.length > sniffedRows) startBody();
  };
  const startBody = () => {
    const made = (body = createBody(head));
    head = [];
    return made;
  };
  return {
    push(bytes) {
      if (bytes.includes(0))
        throw new Error(
          'the file is binary, but not EDF, BDF, GDF, or XDF (for BrainVision and WFDB, open the header: .vhdr or .hea)',
        );
      read(lines.push(decoder.decode(bytes, { stream: true })));
    },
    end() {
      read(lines.push(decoder.decode()));
      read(lines.end());
      return (body ?? startBody()).recording();
    },
  };
}

/** Maximum length of a line in characters. */
const maxLineLength = 1 << 20;

/** Splits text that arrives in pieces into complete lines without line breaks (`\n` or `\r\n`). */
class LineSplitter {
  #rest = '';

  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > maxLineLength)
      throw new Error(`the file is not a text recording: a line is longer than ${maxLineLength} characters`);
    return lines.map(withoutReturn);
  }

  /** The last line if the text does not end with a line break. */
  end(): string[] {
    return this.#rest === '' ? [] : [withoutReturn(this.#rest)];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
