import { EMPTY, type Observable, tap } from 'rxjs';
import type { Recording } from '../formats/index.ts';
import type { ReplayWait } from '../sources/index.ts';
import { hoursMinutes } from './amounts.ts';
import type { Progress } from './progress.ts';

/** Shows what a replay waits for: on a terminal, a countdown that a key press ends; else one line per wait. */
export class WaitDisplay {
  /** Emits when the user skips a wait. */
  readonly skip$: Observable<void>;
  readonly #line: Progress;
  readonly #terminal: boolean;
  readonly #recording: Recording;
  readonly #keys: boolean;
  #timer: NodeJS.Timeout | undefined;
  #end = 0;
  #until = 0;

  /** @param keys key presses; undefined if there is no terminal */
  constructor(recording: Recording, line: Progress, keys?: Observable<void>) {
    this.#recording = recording;
    this.#line = line;
    this.#keys = keys !== undefined;
    this.#terminal = process.stderr.isTTY;
    this.skip$ = (keys ?? EMPTY).pipe(tap(() => this.end()));
  }

  /** Whether a wait is shown. */
  get active(): boolean {
    return this.#timer !== undefined;
  }

  begin({ ms, until }: ReplayWait): void {
    this.#end = Date.now() + ms;
    this.#until = until;
    if (!this.#terminal) process.stderr.write(`${waitText({ ms, until }, this.#recording)}\n`);
    this.#timer ??= setInterval(() => this.#show(), 500);
    this.#show();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #show(): void {
    const ms = this.#end - Date.now();
    if (ms <= 0) this.end();
    else
      this.#line.show(
        `${waitText({ ms, until: this.#until }, this.#recording)}${this.#keys ? ' Press any key to skip.' : ''}`,
      );
  }
}

/** `Waiting 9 min 32 s: no data until 10:12:05.` */
export function waitText({ ms, until }: ReplayWait, { blocks, undated }: Recording): string {
  const first = blocks.at(0)?.time ?? 0;
  const time = new Date(until).toISOString();
  const sameDay = time.slice(0, 10) === new Date(first).toISOString().slice(0, 10);
  const clock = sameDay ? time.slice(11, 19) : `${time.slice(0, 10)} ${time.slice(11, 19)}`;
  const when = undated ? `${hoursMinutes(until - first)} after its start` : clock;
  return `Waiting ${hoursMinutes(ms)}: no data until ${when}.`;
}
