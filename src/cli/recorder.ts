import { concatMap, defer, type Observable } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { connect, type ConnectOptions, watchTimeout } from '../operators/connect.ts';
import { runNumbering } from '../operators/run-numbering.ts';
import { type MarkMessage, parseWatch, type StreamInfo, type WatchMessage } from '../protocol/index.ts';

import { UsageError } from './failure.ts';

/**
 * An event of a recorder: the available streams while it waits, then the stream's description, then its blocks and marks.
 * A `received` block precedes every `block`, in the numbering of the run, which is also that of the marks.
 */
export type RecorderEvent =
  | { type: 'waiting'; streams: string[] }
  | { type: 'found'; stream: StreamInfo }
  | { type: 'subscribed'; run: number }
  | { type: 'run'; run: number }
  | { type: 'received'; block: Block }
  | { type: 'block'; block: Block }
  | { type: 'mark'; mark: MarkMessage }
  | { type: 'dropped'; what: 'raw' | 'marks'; count: number };

/**
 * The raw blocks and the marks of one stream of a server, preceded by the stream's description. Reconnects when the connection
 * breaks; no frame is emitted twice. Frames that arrived while it waited for the stream or was not connected are included if
 * the server still has them. Fails with a UsageError when the channels or the rate of the stream change.
 *
 *     server  --streams(none)--streams(eeg)-----------{block}--{block}--mark--
 *     output  --waiting--------found--subscribed------block----block----mark--
 */
export function recorder(
  address: string,
  stream: string,
  down: ConnectOptions<WatchMessage>['down'],
): Observable<RecorderEvent> {
  return defer(() => {
    let send: (request: object) => void = () => undefined;
    let description: string | undefined;
    let subscribed = false;
    /** Whether frames that the server received before the subscription belong to the recording. */
    let recent = false;
    const numbering = runNumbering();
    const streams = (infos: StreamInfo[]): RecorderEvent[] => {
      const info = infos.find(({ name }) => name === stream);
      if (!info) {
        subscribed = false;
        recent = true;
        return [{ type: 'waiting', streams: infos.map(({ name }) => name) }];
      }
      const now = descriptionOf(info);
      if (description !== undefined && description !== now)
        throw new UsageError(
          `${stream} changed to ${now}; the recording ends before the change. Record to another file.`,
        );
      const found: RecorderEvent[] = description === undefined ? [{ type: 'found', stream: info }] : [];
      description = now;
      if (!subscribed) send({ type: 'subscribe', id: 1, stream, what: ['raw', 'marks'], recent });
      subscribed = true;
      recent = true;
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
        if (message.type === 'subscribed') return [{ type: 'subscribed', run: message.run }];
        if (message.type === 'run') return [{ type: 'run', run: message.run }];
        if (message.type === 'mark') return [{ type: 'mark', mark: message }];
        if (message.type === 'dropped') {
          const { what, count } = message;
          return what === 'raw' || what === 'marks' ? [{ type: 'dropped', what, count }] : [];
        }
        if (message.type !== 'block' || message.kind !== 'samples') return [];
        const blocks = numbering(message.block, message.run);
        return [
          { type: 'received', block: message.block },
          ...blocks.map((block): RecorderEvent => ({ type: 'block', block })),
        ];
      }),
    );
  });
}

/** What the first line of a recording describes, in words: `Oz (µV), Cz (µV) at 250 Hz`. */
function descriptionOf({ channels, rate }: StreamInfo): string {
  const names = channels.map(({ label, unit }) => (unit ? `${label} (${unit})` : label));
  return `${names.join(', ')} at ${rate > 0 ? `${rate} Hz` : 'an irregular rate'}`;
}
