/** The output of a progress line: stderr, or a substitute in tests. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that is rewritten in place. */
export interface Progress {
  /** Shows `text`, at most ten times per second. */
  show(text: string): void;
  /** Clears the line. */
  clear(): void;
}

/** A progress line on a terminal. Writes nothing if stderr is not a terminal, so that logs stay clean. */
export function progress(terminal: Terminal = process.stderr, now: () => number = Date.now): Progress {
  let shownAt = -Infinity;
  return {
    show(text) {
      const time = now();
      if (!terminal.isTTY || time - shownAt < 100) return;
      shownAt = time;
      terminal.write(`\r\u001b[K${text.slice(0, (terminal.columns || 80) - 1)}`);
    },
    clear() {
      if (terminal.isTTY && shownAt > -Infinity) terminal.write('\r\u001b[K');
      shownAt = -Infinity;
    },
  };
}
