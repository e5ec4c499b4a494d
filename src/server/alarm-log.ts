import { appendFile, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AlarmEvent } from '../core/alarms/alarm-book.ts';

/** Bytes of a log before it is put aside, and how many that were are kept. */
const maxBytes = 10 << 20;
const rotatedFiles = 3;
/** Bytes that may wait to be written; beyond it lines are left out, and counted. */
const maxPending = 4 << 20;

/**
 * A file of alarm events, one JSON line each, in order. At 10 MiB it becomes `<file>.1`, that `<file>.2`, and what was
 * `<file>.3` is gone. What cannot be written waits, and is tried again.
 */
export class AlarmLog {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #report: (line: string) => void;
  #pending = '';
  #dropped = 0;
  #failing = false;
  #writing: Promise<void> | undefined;

  private constructor(path: string, tell: (line: string) => void, most: number) {
    this.#path = path;
    this.#report = tell;
    this.#maxBytes = most;
  }

  /**
   * Opens a log. Rejects with a sentence when it cannot be written.
   * @param tell told what could not be written later
   */
  static async open(path: string, tell: (line: string) => void, most: number = maxBytes): Promise<AlarmLog> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await (await open(path, 'a')).close();
    } catch (error) {
      throw new Error(`alarms.log must be a file that can be written, got '${path}': ${sentenceOf(error)}`, {
        cause: error,
      });
    }
    return new AlarmLog(path, tell, most);
  }

  write({ time, step, alarm }: AlarmEvent): void {
    const line = `${JSON.stringify({ time: new Date(time).toISOString(), step, alarm })}\n`;
    if (this.#pending.length + line.length > maxPending) this.#dropped++;
    else this.#pending += line;
    this.flush();
  }

  /** Tries to write what waits. */
  flush(): void {
    if (this.#pending !== '') this.#writing ??= this.#append();
  }

  /** Resolves when everything is written, or what cannot be is told. */
  async close(): Promise<void> {
    await this.#writing;
    this.flush();
    await this.#writing;
    const lost = this.#dropped + this.#pending.split('\n').length - 1;
    if (lost > 0) this.#report(`${this.#path}: ${lost} alarm events are lost`);
    this.#pending = '';
    this.#dropped = 0;
  }

  async #append(): Promise<void> {
    while (this.#pending !== '') {
      const text = this.#pending;
      this.#pending = '';
      try {
        await this.#rotate();
        await appendFile(this.#path, (await endsInLine(this.#path)) ? `\n${text}` : text);
      } catch (error) {
        this.#pending = text + this.#pending;
        if (!this.#failing) this.#report(`${this.#path}: alarms cannot be written: ${sentenceOf(error)}`);
        this.#failing = true;
        break;
      }
      if (this.#dropped > 0) this.#report(`${this.#path}: ${this.#dropped} alarm events were left out`);
      this.#dropped = 0;
      this.#failing = false;
    }
    this.#writing = undefined;
  }

  /** Puts the file aside where it is full. */
  async #rotate(): Promise<void> {
    const size = await stat(this.#path).then(
      (file) => file.size,
      () => 0,
    );
    if (size < this.#maxBytes) return;
    for (let n = rotatedFiles; n >= 1; n--)
      await rename(n === 1 ? this.#path : `${this.#path}.${n - 1}`, `${this.#path}.${n}`).catch(() => {});
  }
}

/** Whether a file ends in the middle of a line, as after a crash or on a full disk. */
async function endsInLine(path: string): Promise<boolean> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    if (size === 0) return false;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer.toString() !== '\n';
  } finally {
    await file.close();
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
