import { concatMap, defer, type Observable } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { connect, type ConnectOptions, watchTimeout } from '../operators/connect.ts';
import { runNumbering } from '../operators/run-numbering.ts';
import { parseWatch, type StreamInfo, type WatchMessage } from '../protocol/index.ts';
import { UsageError } from './failure.ts';

/** An event of a recorder: the available streams while it waits, then the stream's description, then its blocks. */
export type RecorderEvent =
  | { type: 'waiting'; streams: string[] }
  | { type: 'found'; stream: StreamInfo }
  | { type: 'subscribed' }
  | { type: 'block'; block: Block }
  | { type: 'dropped'; count: number };

/**
 * The raw blocks of one stream of a server, preceded by the stream's description. Reconnects when the connection breaks; no
 * frame is emitted twice. Fails with a UsageError when the channels of the stream change.
 *
 *     server  --streams(none)--streams(eeg)-----------{block}--{block}--
 *     output  --waiting--------found--subscribed------block----block----
 */
export function recorder(
  address: string,
  stream: string,
  down: ConnectOptions<WatchMessage>['down'],
): Observable<RecorderEvent> {
  return defer(() => {
    let send: (request: object) => void = () => undefined;
    let labels: string | undefined;
    let subscribed = false;
    const numbering = runNumbering();
    const streams = (infos: StreamInfo[]): RecorderEvent[] => {
      const info = infos.find(({ name }) => name === stream);
      if (!info) {
        subscribed = false;
        return [{ type: 'waiting', streams: infos.map(({ name }) => name) }];
      }
      const now = info.channels.map(({ label }) => label).join(', ');
      if (labels !== undefined && labels !== now)
        throw new UsageError(
          `the channels of ${stream} changed to ${now}; the recording ends before the change. Record to another file.`,
        );
      const found: RecorderEvent[] = labels === undefined ? [{ type: 'found', stream: info }] : [];
      labels = now;
      if (!subscribed) send({ type: 'subscribe', id: 1, stream, what: ['raw'] });
      subscribed = true;
      return found;
    };
    return connect(address, {
      parse: parseWatch,
      opened: (link) => {
        subscribed = false;
        send = (request) => link.send(JSON.stringify(request));
      },
      down,
      staleAfter: watchTimeout,
    }).pipe(
      concatMap((message): RecorderEvent[] => {
        if (message.type === 'streams') return streams(message.streams);
        if (message.type === 'error' && message.code !== 'broken-pipeline') throw new UsageError(message.message);
        if (message.type === 'subscribed') return [{ type: 'subscribed' }];
        if (message.type === 'dropped')
          return message.what === 'raw' ? [{ type: 'dropped', count: message.count }] : [];
        if (message.type !== 'block' || message.kind !== 'samples') return [];
        return numbering(message.block, message.run).map((block) => ({ type: 'block', block }));
      }),
    );
  });
}
