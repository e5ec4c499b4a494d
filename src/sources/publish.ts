import { isObservable, Observable, type SchedulerLike } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { integer } from '../core/check.ts';
import { connect, type Disconnect } from '../operators/connect.ts';
import { closeCodes, mayRetry } from '../protocol/close-codes.ts';
import type { Mark } from '../protocol/ingest.ts';
import { type IngestReply, parseIngestReply } from '../protocol/ingest-reply.ts';
import { Sender } from './sender.ts';

/** What a sensor says of itself. */
export interface SensorInfo {
  channels: number | readonly (string | { readonly label: string; readonly unit?: string })[];
  /** Hz; 0 = irregular. */
  rate: number;
  kind?: string;
  /** The stream that this one is the truth of. */
  for?: string;
}

/** How to publish. */
export interface PublishOptions {
  /** Events of the stream: at frame `at`, `frames` long. A label of more than 64 characters is cut. */
  marks$?: Observable<Omit<Mark, 'type'>>;
  /** Blocks as binary messages (default) or as JSON. */
  binary?: boolean;
  /** Frames kept until they are acknowledged; beyond it the oldest are left out. Default: a minute, or 10 000. */
  backlog?: number;
  /** Begin a new run, so that frame 0 is this source's own (default); false: go on where the stream stands. */
  fresh?: boolean;
  /** Called whenever the connection ends and will be dialled again. */
  down?: (down: Disconnect) => void;
  /** Chance of the waits between connections, uniform in [0, 1). */
  random?: () => number;
  /** Clock of those waits. */
  scheduler?: SchedulerLike;
}

/** What the server answers; a gap may also be of frames that this sensor left out or that its source did not have. */
export type PublishEvent = Exclude<IngestReply, { type: 'error' }>;

/** Blocks that come when they come, or a source that waits for `ready` before each (a replay). */
export type BlockSource = Observable<Block> | ((ready: () => Promise<void>) => Observable<Block>);

/** A server acknowledges every 15 s at least: after so many ms without a message the connection is dead. */
const silence = 45_000;
/** Bytes of samples that a source which waits may be ahead of the acknowledgements. */
const ahead = 4 << 20;

/**
 * Sends blocks to a server's `/ingest/<stream>` and dials again when the connection breaks; unacknowledged frames are
 * then sent again by index, none twice in effect. Subscribe to begin, unsubscribe to stop; completes (close code 1000)
 * when the source has and every frame is acknowledged.
 *
 *     blocks  --[0 1]--[2 3]--x (down) [4 5]--[6 7]--|
 *     output  -w-------a(2)--------w----------a(8)-----|        w: welcome, a: ack
 *
 * Memory is bounded by `backlog`: of an Observable the oldest frames are left out while the server is away, and told
 * as a gap; a source that waits for `ready` is held back instead, so that nothing is left out.
 * The block's `start` numbers the frames. A refusal is an error with the server's sentence; so is close code 4001, a
 * newer sensor of the same name.
 */
export function publish(
  url: string,
  info: SensorInfo,
  blocks: BlockSource,
  options: PublishOptions = {},
): Observable<PublishEvent> {
  const { marks$, binary = true, random, scheduler } = options;
  const { rate, kind, for: truthOf } = info;
  const channels = integer('channels', typeof info.channels === 'number' ? info.channels : info.channels.length, 1);
  const backlog = integer('backlog', options.backlog ?? (Math.ceil(60 * rate) || 10_000), 1);
  const most = Math.max(backlog, Math.floor(ahead / 4 / channels));

  return new Observable((subscriber) => {
    const sender = new Sender({
      channels,
      binary,
      backlog: isObservable(blocks) ? backlog : Infinity,
      missed: (gap) => {
        subscriber.next(gap);
      },
    });
    let fresh = options.fresh ?? true;
    let finished = false;
    let wake: (() => void) | undefined;

    const fail = (error: unknown) => {
      subscriber.error(error);
    };
    const settle = () => {
      if (sender.outbox.frames < most) wake?.();
      if (!finished || sender.outbox.frames > 0) return;
      sender.hangUp(closeCodes.done, 'done');
      subscriber.complete();
    };
    const take = (block: Block) => {
      try {
        sender.push(block);
      } catch (error) {
        fail(error);
      }
    };
    const answer = (reply: IngestReply) => {
      if (reply.type === 'error') {
        if (reply.code !== 'broken-pipeline') fail(new Error(`${reply.message} (${reply.code})`));
        return;
      }
      if (reply.type === 'welcome') {
        sender.welcomed(reply);
        fresh = false;
      } else if (reply.type === 'ack') sender.outbox.acknowledge(reply.received);
      subscriber.next(reply);
      sender.send();
      settle();
    };
    const ready = async () => {
      while (sender.outbox.frames >= most && !subscriber.closed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    };

    subscriber.add(() => wake?.());
    const replies = connect(url, {
      parse: parseIngestReply,
      opened: (link) => {
        const { run } = sender;
        sender.opened(link, { type: 'hello', channels: info.channels, rate, kind, for: truthOf, fresh, run });
      },
      down: (ending) => {
        sender.closed();
        options.down?.(ending);
      },
      staleAfter: silence,
      mayRetry: (code) => code !== closeCodes.replaced && mayRetry(code),
      random,
      scheduler,
    });
    const complete = () => {
      finished = true;
      settle();
    };
    subscriber.add(replies.subscribe({ next: answer, error: fail, complete: () => subscriber.complete() }));
    subscriber.add((isObservable(blocks) ? blocks : blocks(ready)).subscribe({ next: take, error: fail, complete }));
    subscriber.add(marks$?.subscribe({ next: (mark) => sender.mark(mark), error: fail }));
  });
}
