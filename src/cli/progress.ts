/** Where a progress line goes: stderr, or a stand-in for it. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that is rewritten in place. */
export interface Progress {
  /** Shows `text`, at most ten times a second. */
  show(text: string): void;
  /** Wipes the line. */
  clear(): void;
}

/** A progress line on a terminal; nothing at all where stderr is no terminal, so that logs stay clean. */
export function progress(terminal: Terminal = process.stderr, now: () => number = Date.now): Progress {
  let shown = -Infinity;
  return {
    show(text) {
      const time = now();
      if (!terminal.isTTY || time - shown < 100) return;
      shown = time;
      terminal.write(`\r\u001b[K${text.slice(0, (terminal.columns ?? 80) - 1)}`);
    },
    clear() {
      if (terminal.isTTY && shown > -Infinity) terminal.write('\r\u001b[K');
      shown = -Infinity;
    },
  };
}

/** `42 % of 90 s` and such: how far a long work has come. */
export function share(done: number, of: number): string {
  return `${Math.floor((100 * done) / Math.max(1, of))} %`;
}
