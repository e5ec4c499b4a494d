import { firstValueFrom, filter, map, type SchedulerLike } from 'rxjs';
import { connect, type Down, watchSilence } from '../operators/connect.ts';
import { parseWatch } from '../protocol/watch-message.ts';

/** Options of `freeStreamName`. */
export interface FreeStreamNameOptions {
  /** Called whenever the connection ends and will be reconnected, such as when the server does not answer yet. */
  down?: (down: Down) => void;
  /** Random numbers, uniform in [0, 1), for the delays between connections. */
  random?: () => number;
  /** Scheduler of those delays. */
  scheduler?: SchedulerLike;
}

/** Longest name of a stream, in characters. */
const maxLength = 64;

/**
 * Resolves to the first of `name`, `name-2`, `name-3`, … under which no sensor is connected. Retries until the server
 * answers. Another sensor can still claim the name first: pass `onReplaced: 'wait'` to `publish` to never replace it.
 *
 * @param url address of the server's `/watch`
 */
export function freeStreamName(url: string, name: string, options: FreeStreamNameOptions = {}): Promise<string> {
  return firstValueFrom(
    connect(url, { parse: parseWatch, silence: watchSilence, ...options }).pipe(
      filter((message) => message.type === 'streams'),
      map(({ streams }) => firstFree(name, new Set(streams.filter(({ live }) => live).map((stream) => stream.name)))),
    ),
  );
}

function firstFree(name: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : `-${n}`;
    const candidate = `${name.slice(0, maxLength - suffix.length)}${suffix}`;
    if (!taken.has(candidate)) return candidate;
  }
}
