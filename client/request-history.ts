import { filter, firstValueFrom, map, of } from 'rxjs';
import type { HistoryRequest, StreamHistory } from '../src/protocol/index.ts';
import { watch } from './watch.ts';

/**
 * Requests a time span of a recorded stream, reduced to columns of minima, maxima, and means. Opens a connection for this request;
 * the option `history` of `watch` uses one connection for many.
 *
 *     const { runs } = await requestHistory('ws://127.0.0.1:8080/watch', { stream: 'headset', from: Date.now() - 3_600_000 });
 *
 * @returns a promise that rejects with the reason of the server, such as a stream that is not recorded. If the server is not
 * available, the request is repeated until it is.
 */
export function requestHistory(url: string | URL, query: Omit<HistoryRequest, 'type' | 'id'>): Promise<StreamHistory> {
  const answers = watch(url, { history: of({ id: 1, ...query }) }).pipe(
    filter((message) => message.type === 'history' || message.type === 'error'),
    map((message): StreamHistory => {
      if (message.type === 'error') throw new Error(message.message);
      return message;
    }),
  );
  return firstValueFrom(answers);
}
