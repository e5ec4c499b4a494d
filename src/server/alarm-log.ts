import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AlarmEvent } from '../core/alarms/alarm-book.ts';

/** Bytes of a log before it is put aside, and how many that were are kept. */
const largest = 10 << 20;
const kept = 3;
/** Bytes that may wait to be written; beyond it lines are left out, and counted. */
const mostWaiting = 4 << 20;

/**
 * A file of alarm events, one JSON line each, in order. At 10 MiB it becomes `<file>.1`, that `<file>.2`, and what was
 * `<file>.3` is gone.
 */
export class AlarmLog {
  readonly #path: string;
  readonly #largest: number;
  readonly #tell: (line: string) => void;
  #waiting = '';
  #leftOut = 0;
  #writing: Promise<void> | undefined;

  /** @param tell told what could not be written */
  constructor(path: string, tell: (line: string) => void, most: number = largest) {
    this.#path = path;
    this.#tell = tell;
    this.#largest = most;
  }

  write({ time, step, alarm }: AlarmEvent): void {
    const line = `${JSON.stringify({ time: new Date(time).toISOString(), step, alarm })}\n`;
    if (this.#waiting.length + line.length > mostWaiting) this.#leftOut++;
    else this.#waiting += line;
    this.#writing ??= this.#flush();
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #flush(): Promise<void> {
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      while (this.#waiting !== '') {
        const text = this.#waiting;
        this.#waiting = '';
        await this.#turn();
        await appendFile(this.#path, text);
      }
      if (this.#leftOut > 0) this.#tell(`${this.#path}: ${this.#leftOut} alarm events were left out`);
    } catch (error) {
      this.#tell(`${this.#path}: alarms could not be written: ${String(error)}`);
    } finally {
      this.#leftOut = 0;
      this.#writing = undefined;
    }
  }

  /** Puts the file aside where it is full. */
  async #turn(): Promise<void> {
    const size = await stat(this.#path).then(
      (file) => file.size,
      () => 0,
    );
    if (size < this.#largest) return;
    for (let n = kept; n >= 1; n--)
      await rename(n === 1 ? this.#path : `${this.#path}.${n - 1}`, `${this.#path}.${n}`).catch(() => {});
  }
}
