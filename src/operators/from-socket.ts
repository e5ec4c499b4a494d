import { concatMap, defer, type Observable, type SchedulerLike } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { invalid, oneOf } from '../core/check.ts';
import { parseWatch } from '../protocol/watch-message.ts';
import type { WatchMessage } from '../protocol/watch-message.ts';
import type { Subscribe } from '../protocol/watch-request.ts';
import { connect, type Down, watchSilence } from './connect.ts';
import type { Link } from './dial.ts';
import { foreignBlocks } from './foreign-blocks.ts';
import { runNumbering } from './run-numbering.ts';

/** What to take from a socket. */
export interface FromSocketOptions {
  /** A Tapline server's stream; default: what the address says (`?stream=eeg`), else the first there is. */
  stream?: string;
  /** raw (default), features or prediction; else what the address says (`?what=features`). */
  what?: 'raw' | 'features' | 'prediction';
  /** Which feature map network or learner. Default 0. */
  map?: number;
  /** Messages a second. Default 30. */
  maxHz?: number;
  /** Of a foreign socket: frames a second, where its messages do not tell; default 0 = irregular. */
  rate?: number;
  /** Of a foreign socket: how many channels it must have. Default: as its first message. */
  channels?: number;
  /** Called whenever a connection ends that will be dialled again. */
  down?: (down: Down) => void;
  /** Chance of the waits between connections, uniform in [0, 1). */
  random?: () => number;
  /** Clock of those waits. */
  scheduler?: SchedulerLike;
}

const kinds = { raw: 'samples', features: 'features', prediction: 'prediction' } as const;

/**
 * The blocks of a live socket, which is dialled again when it breaks: of a Tapline server (an address whose path ends
 * with /watch) or of any other that sends sample messages, bare lists of numbers, or eeg-pipes samples and epochs.
 *
 *     socket  --{data}--{data}--x  ···  --{data}--
 *     output  --[0 1]---[2 3]-------------[7 8]---        4-6 never came: `start` jumps
 *
 * No frame comes twice and the numbering never goes back: where a new run begins, it goes on behind the last frame. Two
 * subscribers are two connections. A refusal (close code 45xx) is an error whose message is the server's sentence.
 */
export function fromSocket(url: string, options: FromSocketOptions = {}): Observable<Block> {
  const { pathname, searchParams } = new URL(url);
  if (!pathname.endsWith('/watch')) return foreignBlocks(url, options);
  const named = options.stream ?? searchParams.get('stream') ?? undefined;
  const what = oneOf('what', options.what ?? searchParams.get('what') ?? 'raw', ['raw', 'features', 'prediction']);
  const { map = 0, maxHz, down, random, scheduler } = options;
  if (!Number.isInteger(map) || map < 0) throw invalid('map', 'an integer >= 0', map);

  return defer(() => {
    let link: Link | undefined;
    let stream = named;
    let asked = false;
    const numbering = runNumbering();
    const opened = (fresh: Link) => {
      link = fresh;
      asked = false;
    };
    const ask = (names: string[]) => {
      const there = names.find((name) => stream === undefined || name === stream);
      if (there !== undefined && !asked) {
        const request: Subscribe = { type: 'subscribe', id: 1, stream: there, what: [what], maxHz };
        link?.send(JSON.stringify(request));
      }
      stream ??= there;
      asked = there !== undefined;
    };
    return connect<WatchMessage>(url, {
      parse: parseWatch,
      opened,
      down,
      silence: watchSilence,
      random,
      scheduler,
    }).pipe(
      concatMap((message): Block[] => {
        if (message.type === 'streams') ask(message.streams.map(({ name }) => name));
        else if (message.type === 'error' && message.code !== 'broken-pipeline') throw new Error(message.message);
        else if (message.type === 'block' && message.map === map && message.kind === kinds[what])
          return numbering(message.block, message.run);
        return [];
      }),
    );
  });
}
