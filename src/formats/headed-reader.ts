import type { Recording, RecordingReader } from './recording.ts';

/** Rows from which the layout of a file is read off. */
export const sniffedRows = 1000;

/** The rows of one file, once its layout is known. */
export interface Body {
  add(rows: readonly string[][]): void;
  recording(): Recording;
}

/**
 * A reader whose layout is read off the first rows: they wait until there are enough of them, or the text ends, then
 * `begin` makes the body of them, and later rows go straight there. `parse` makes rows of whole lines. Text is UTF-8;
 * throws where it holds a zero byte, as no text does.
 */
export function headedReader(
  parse: (lines: string[]) => string[][],
  begin: (head: string[][]) => Body,
): RecordingReader {
  const decoder = new TextDecoder();
  const lines = new LineCutter();
  let head: string[][] = [];
  let body: Body | undefined;
  const read = (fresh: string[]) => {
    const rows = parse(fresh);
    if (body) {
      body.add(rows);
      return;
    }
    head = head.concat(rows);
    if (head.length > sniffedRows) begun();
  };
  const begun = () => {
    const made = (body = begin(head));
    head = [];
    return made;
  };
  return {
    push(bytes) {
      if (bytes.includes(0)) throw new Error('is binary, and neither EDF, BDF nor GDF');
      read(lines.push(decoder.decode(bytes, { stream: true })));
    },
    end() {
      read(lines.push(decoder.decode()));
      read(lines.end());
      return (body ?? begun()).recording();
    },
  };
}

const longest = 1 << 20;

/** Cuts text that comes in pieces into whole lines, without their ends (`\n` or `\r\n`); an unfinished line waits. */
export class LineCutter {
  #rest = '';

  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > longest)
      throw new Error(`this is not a text recording: a line is longer than ${longest} characters`);
    return lines.map(withoutReturn);
  }

  /** The last line, where the text does not end in a line end. */
  end(): string[] {
    return this.#rest === '' ? [] : [withoutReturn(this.#rest)];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
