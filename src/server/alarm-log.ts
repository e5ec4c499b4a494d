import { appendFile, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AlarmEvent } from '../core/alarms/alarm-manager.ts';

/** Size in bytes at which a log is rotated. */
const maxBytes = 10 << 20;
/** Number of rotated files that are kept. */
const rotatedFiles = 3;
/** Maximum number of characters waiting to be written; further events are dropped and counted. */
const maxPending = 4 << 20;

/**
 * A log file of alarm events in order, one JSON line per event. At 10 MiB it is rotated to `<file>.1`, `<file>.2`, and
 * `<file>.3`; the oldest is deleted. Events that cannot be written are kept in memory and retried.
 */
export class AlarmLog {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #report: (line: string) => void;
  #pending = '';
  #dropped = 0;
  #failing = false;
  #writing: Promise<void> | undefined;

  private constructor(path: string, report: (line: string) => void, limit: number) {
    this.#path = path;
    this.#report = report;
    this.#maxBytes = limit;
  }

  /**
   * Opens a log. Rejects if it cannot be written.
   * @param report called with a line about later failures
   */
  static async open(path: string, report: (line: string) => void, limit: number = maxBytes): Promise<AlarmLog> {
    try {
      await mkdir(dirname(path), { recursive: true });
      await (await open(path, 'a')).close();
    } catch (error) {
      throw new Error(`alarms.log must be a writable file, got '${path}': ${messageOf(error)}`, {
        cause: error,
      });
    }
    return new AlarmLog(path, report, limit);
  }

  write({ time, step, alarm }: AlarmEvent): void {
    const line = `${JSON.stringify({ time: new Date(time).toISOString(), step, alarm })}\n`;
    if (this.#pending.length + line.length > maxPending) this.#dropped++;
    else this.#pending += line;
    this.flush();
  }

  /** Writes pending events, if any. */
  flush(): void {
    if (this.#pending !== '') this.#writing ??= this.#append();
  }

  /** Resolves when everything is written, or the number of lost events is reported. */
  async close(): Promise<void> {
    await this.#writing;
    this.flush();
    await this.#writing;
    const lost = this.#dropped + this.#pending.split('\n').length - 1;
    if (lost > 0) this.#report(`${this.#path}: lost ${lost} alarm events`);
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
        if (!this.#failing) this.#report(`${this.#path}: cannot write alarm events: ${messageOf(error)}`);
        this.#failing = true;
        break;
      }
      if (this.#dropped > 0) this.#report(`${this.#path}: ${this.#dropped} alarm events were dropped`);
      this.#dropped = 0;
      this.#failing = false;
    }
    this.#writing = undefined;
  }

  /** Rotates the file if it is full. */
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

/** Whether a file ends with an incomplete line, as after a crash or on a full disk. */
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
