/** A line of a text, without its line break. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Whether the line ends with a line break; only the last line of a text may not. */
  readonly ended: boolean;
}

/** Maximum length of a line in characters. */
const maxLineLength = 1 << 20;

/** The lines of a text in pieces. A line break is `\n`, `\r\n`, or `\r`. */
export function* linesOf(pieces: Iterable<string>): Generator<Line> {
  let [rest, number] = ['', 0];
  for (const piece of pieces) {
    if (piece === '') continue;
    const text = rest + piece;
    // A final `\r` may be the first half of `\r\n`.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + text.slice(end);
    if (rest.length > maxLineLength)
      throw new Error(`the file is not a text recording: a line is longer than ${maxLineLength} characters`);
    for (const line of lines) yield { number: ++number, text: line, ended: true };
  }
  const ended = rest.endsWith('\r');
  if (rest !== '') yield { number: number + 1, text: ended ? rest.slice(0, -1) : rest, ended };
}
