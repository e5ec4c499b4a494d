import { concatMap, defer, type Observable, type SchedulerLike } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';
import { parseIngest, type IngestMessage } from '../protocol/ingest.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { connect, type Down } from './connect.ts';

/** What a foreign socket's messages leave out. */
export interface ForeignOptions {
  rate?: number;
  channels?: number;
  down?: (down: Down) => void;
  random?: () => number;
  scheduler?: SchedulerLike;
}

/**
 * The blocks of a socket that sends samples in any shape the server takes at its door. Frames are numbered as they
 * come, unless the messages number them; a message without a time is stamped when it arrives. Messages that carry no
 * samples (greetings, status) are left out; samples of a wrong shape are an error.
 */
export function foreignBlocks(url: string, options: ForeignOptions = {}): Observable<Block> {
  const { down, random, scheduler } = options;
  return defer(() => {
    let { rate = 0, channels } = options;
    let next = 0;
    return connect<IngestMessage>(url, { parse: samplesOrNothing, protocol: null, down, random, scheduler }).pipe(
      concatMap((message): Block[] => {
        if (message.type === 'hello') {
          rate = message.rate ?? rate;
          return [];
        }
        if (message.type !== 'samples') return [];
        channels ??= message.channels;
        if (message.channels !== channels) throw invalid('channels', String(channels), message.channels);
        rate = message.rate ?? rate;
        const start = Math.max(next, message.start ?? next);
        const { data, valid, time = Date.now() } = message;
        next = start + data.length / channels;
        const block: Block = { data, channels, start, rate, time };
        return [valid ? { ...block, valid } : block];
      }),
    );
  });
}

function samplesOrNothing(message: string | ArrayBuffer): IngestMessage | undefined {
  try {
    return parseIngest(message);
  } catch (error) {
    if (error instanceof ProtocolError && ['bad-json', 'bad-message'].includes(error.code)) return undefined;
    throw error;
  }
}
