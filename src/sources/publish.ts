import { isObservable, Observable, retry, type SchedulerLike, throwError, timer } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { integer, positive } from '../core/check.ts';
import { connect, ClosedError, type Disconnect } from '../operators/connect.ts';
import { closeCodes, mayRetry } from '../protocol/close-codes.ts';
import type { ClockKind, Gap, Mark } from '../protocol/ingest.ts';
import {
  type Ack,
  type IngestReply,
  parseIngestReply,
  type WarningMessage,
  type Welcome,
} from '../protocol/ingest-reply.ts';
import { Sender } from './sender.ts';

/** Description of a sensor, sent to the server in `hello`. */
export interface SensorInfo {
  /** Number of channels, or one entry per channel: its label, or its label and unit. */
  channels:
    | number
    | readonly (
        | string
        | {
            /** Label of the channel, 1 to 64 characters. */
            readonly label: string;
            /** Unit of the samples, such as µV. Default: none. */
            readonly unit?: string;
          }
      )[];
  /** Sampling rate in Hz; 0 = irregular. */
  rate: number;
  /** Kind of signal, such as 'eeg', 1 to 64 characters. Default: unspecified. */
  kind?: string;
  /** Name of the stream that this stream is the target of. */
  for?: string;
  /**
   * Clock of the blocks' times: 'epoch' counts from 1970, 'monotonic' from an arbitrary time, such as the start of the device.
   * Default: recognized by their size.
   */
  clock?: ClockKind;
}

/** Options of `publish`. */
export interface PublishOptions {
  /**
   * Events of the stream: at frame `at`, `frames` long, or at `time` (ms since 1970), `duration` ms long; without either, at
   * the next frame. Labels longer than 64 characters are truncated.
   */
  marks$?: Observable<Omit<Mark, 'type'>>;
  /** Send blocks as binary messages (default) or as JSON. */
  binary?: boolean;
  /**
   * Maximum number of frames kept until they are acknowledged; the oldest are dropped first. Default: one minute, or
   * 10,000.
   */
  backlog?: number;
  /** Start a new run, so that frame indexes are those of this source (default); false: continue the stream's run. */
  fresh?: boolean;
  /**
   * Behavior if another sensor publishes under the same name. 'stop' (default): this source replaces a connected
   * sensor, and ends with an error (close code 4001) when a newer one replaces it. 'wait': this source never replaces a
   * connected sensor; it waits until the name is free and then continues in a new run. Meanwhile, the blocks and marks of
   * an Observable are discarded, and a source that waits for `ready` pauses.
   */
  onReplaced?: 'stop' | 'wait';
  /** Milliseconds between two checks whether the name is free, with `onReplaced: 'wait'`. Default: 3000. */
  checkInterval?: number;
  /** Called once each time this source starts to wait for its name, with a message for a log. */
  waiting?: (sentence: string) => void;
  /** Called each time the connection ends before it is reestablished. */
  down?: (down: Disconnect) => void;
  /** Random numbers, uniform in [0, 1), for the delays between connections. */
  random?: () => number;
  /** Scheduler of those delays. */
  scheduler?: SchedulerLike;
}

/** A message from the server, or a gap: frames that this source dropped or never produced. */
export type PublishEvent = Welcome | Ack | Gap | WarningMessage;

/** Blocks pushed as they arrive, or a source that awaits `ready` before each block (a replay). */
export type BlockSource = Observable<Block> | ((ready: () => Promise<void>) => Observable<Block>);

/**
 * Milliseconds without a message after which a connection is considered dead; servers acknowledge at least every 15 s.
 */
const staleAfter = 45_000;
/** Bytes of samples that a source which awaits `ready` may be ahead of the acknowledgments. */
const maxAhead = 4 << 20;

/** How long to wait at the end, in ms, until received frames are durable. */
const maxDurableWait = 5000;

/**
 * Publishes blocks to a server's `/ingest/<stream>` and reconnects when the connection breaks. Unacknowledged frames are
 * resent by index, so that none is lost or duplicated. Publishing starts on subscription and stops on unsubscription. The
 * result completes (close code 1000) when the source has completed and every frame is acknowledged; if the server records the stream, as
 * durable, or 5 s after it was received.
 *
 *     blocks  --[0 1]--[2 3]--x (down) [4 5]--[6 7]--|
 *     output  -w-------a(2)--------w----------a(8)-----|        w: welcome, a: ack
 *
 * Memory is bounded by `backlog`: while the server is unreachable, the oldest frames of an Observable are dropped and
 * reported as a gap; a source that awaits `ready` is paused instead, so that nothing is dropped. A block's `start`
 * numbers its frames. The result errors with the server's message when the server rejects the stream, and, unless
 * `onReplaced` is 'wait', when a newer sensor of the same name replaces this one (close code 4001).
 */
export function publish(
  url: string,
  info: SensorInfo,
  blocks: BlockSource,
  options: PublishOptions = {},
): Observable<PublishEvent> {
  const { marks$, binary = true, onReplaced = 'stop', random, scheduler } = options;
  const { rate, kind, for: targetOf, clock } = info;
  const channels = integer('channels', typeof info.channels === 'number' ? info.channels : info.channels.length, 1);
  const backlog = integer('backlog', options.backlog ?? (Math.ceil(60 * rate) || 10_000), 1);
  const checkInterval = positive('checkInterval', options.checkInterval ?? 3000, 'ms');
  const maxFrames = Math.max(backlog, Math.floor(maxAhead / 4 / channels));
  const pausable = !isObservable(blocks);

  return new Observable((subscriber) => {
    const sender = new Sender({
      channels,
      binary,
      backlog: pausable ? Infinity : backlog,
      missed: (gap) => {
        subscriber.next(gap);
      },
    });
    let fresh = options.fresh ?? true;
    let waiting = false;
    let finished = false;
    let wake: (() => void) | undefined;

    const fail = (error: unknown) => {
      subscriber.error(error);
    };
    const settle = () => {
      if (sender.outbox.frames < maxFrames) wake?.();
      if (!finished || sender.outbox.frames > 0) return;
      if (sender.outbox.kept > 0 && !hasWaited) {
        awaitDurable();
        return;
      }
      sender.close(closeCodes.done, 'done');
      subscriber.complete();
    };
    let hasWaited = false;
    let isWaiting = false;
    /** Waits until the server cannot lose what it has received, unless that takes long, as on a full disk. */
    const awaitDurable = () => {
      if (isWaiting) return;
      isWaiting = true;
      subscriber.add(
        timer(maxDurableWait, scheduler).subscribe(() => {
          hasWaited = true;
          settle();
        }),
      );
    };
    const push = (block: Block) => {
      if (waiting && !pausable) return;
      try {
        sender.push(block);
      } catch (error) {
        fail(error);
      }
    };
    const receive = (reply: IngestReply) => {
      if (reply.type === 'error') {
        if (reply.code !== 'broken-pipeline') fail(new Error(`${reply.message} (${reply.code})`));
        return;
      }
      if (reply.type === 'welcome') {
        sender.welcomed(reply);
        fresh = false;
        waiting = false;
      } else if (reply.type === 'ack') sender.acknowledged(reply);
      subscriber.next(reply);
      sender.send();
      settle();
    };
    const ready = async () => {
      while ((waiting || sender.outbox.frames >= maxFrames) && !subscriber.closed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    };
    const waitForName = (error: unknown) => {
      if (onReplaced !== 'wait' || !isNameTaken(error)) return throwError(() => error);
      sender.closed();
      if (!pausable) sender.discard();
      fresh = true;
      if (!waiting) options.waiting?.(`Another device publishes "${nameIn(url)}". Waiting until the name is free.`);
      waiting = true;
      settle();
      return timer(checkInterval, scheduler);
    };

    subscriber.add(() => wake?.());
    const replies = connect(onReplaced === 'wait' ? withQuery(url, 'if=free') : url, {
      parse: parseIngestReply,
      opened: (link) => {
        const { run } = sender;
        sender.opened(link, { type: 'hello', channels: info.channels, rate, kind, for: targetOf, fresh, run, clock });
      },
      down: (ending) => {
        sender.closed();
        options.down?.(ending);
      },
      staleAfter,
      mayRetry: (code) => !takenCodes.includes(code) && mayRetry(code),
      random,
      scheduler,
    }).pipe(retry({ delay: waitForName }));
    const complete = () => {
      finished = true;
      settle();
    };
    subscriber.add(replies.subscribe({ next: receive, error: fail, complete: () => subscriber.complete() }));
    subscriber.add((isObservable(blocks) ? blocks : blocks(ready)).subscribe({ next: push, error: fail, complete }));
    subscriber.add(marks$?.subscribe({ next: (mark) => waiting || sender.mark(mark), error: fail }));
  });
}

/** Close codes of a sensor whose name another sensor uses. */
const takenCodes: readonly number[] = [closeCodes.replaced, closeCodes.nameInUse];

function isNameTaken(error: unknown): boolean {
  return error instanceof ClosedError && takenCodes.includes(error.code);
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

/** The stream's name in an address. */
function nameIn(url: string): string {
  return /\/ingest\/([^/?#]+)/.exec(url)?.[1] ?? url;
}
