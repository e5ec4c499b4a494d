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
