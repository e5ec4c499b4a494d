import { filter, firstValueFrom, fromEvent, map, takeUntil } from 'rxjs';
import { connect, type Disconnect, watchTimeout } from '../operators/connect.ts';
import { parseWatch } from '../protocol/index.ts';
import { watchAddress } from './address.ts';
import { usageOf } from './failure.ts';

/** How to look for a free name. */
export interface FreeNameOptions {
  /** Suffixes that are published too, such as `.alpha`: the names with them must be free as well. */
  readonly suffixes?: readonly string[];
  /** Called when the server does not answer; the search continues until it does. */
  readonly down?: (down: Disconnect) => void;
  /** Ends the search. */
  readonly signal: AbortSignal;
}

/**
 * Finds a stream name that no sensor is publishing to a server: `base`, or else the first free one of `base-2`, `base-3`,
 * … Names of streams whose sensor has disconnected are free. Reads the list of streams from the server's `/watch`.
 *
 * @returns undefined if `signal` was aborted first
 * @throws UsageError if the server rejects the connection
 */
export async function freeName(server: string, base: string, options: FreeNameOptions): Promise<string | undefined> {
  const { suffixes = [], down, signal } = options;
  const used = connect(watchAddress(server, '--to'), { parse: parseWatch, down, staleAfter: watchTimeout }).pipe(
    filter((message) => message.type === 'streams'),
    map(({ streams }) => new Set(streams.filter(({ live }) => live).map(({ name }) => name))),
    takeUntil(fromEvent(signal, 'abort')),
  );
  if (signal.aborted) return undefined;
  const names = await firstValueFrom(used, { defaultValue: undefined }).catch((error: unknown) => {
    throw usageOf(error);
  });
  return names && firstFree(base, (name) => ['', ...suffixes].every((suffix) => !names.has(name + suffix)));
}

/** `base`, or the first of `base-2`, `base-3`, … that `isFree`. */
export function firstFree(base: string, isFree: (name: string) => boolean): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (isFree(name)) return name;
  }
}
