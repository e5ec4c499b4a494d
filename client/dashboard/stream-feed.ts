import type { AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { isOfStream } from '../../src/core/alarms/finding.ts';
import { type Block, frameCount, timeOf } from '../../src/core/blocks/block.ts';
import type { KernelsMessage, LossMessage, MarkMessage } from '../../src/protocol/index.ts';
import { cutBlock } from '../../src/core/blocks/cut-block.ts';
import type { Span } from '../shaded-spans.ts';
import type { RibbonEvent } from '../ribbon.ts';
import { TimeView } from '../time-view.ts';
import type { Watched } from '../watch.ts';

/** Blocks of one kind that are kept for components that are mounted later. */
const maxBlocks = 4096;
/** Number of the newest blocks from which the rate of an irregular stream is estimated. */
const blocksForRate = 64;
/** Tolerance for jitter of the block times, in ms. */
const clockJitter = 1000;
/** Loss messages and events that are kept. */
const maxLosses = 2400;
const maxEvents = 500;

/** Callbacks of a component. A `loss` message carries the time of its frame by the clock of the stream, in ms. */
export interface FeedListener {
  raw?: (block: Block) => void;
  features?: (block: Block, map: number) => void;
  kernels?: (message: KernelsMessage) => void;
  loss?: (message: LossMessage & { time: number }) => void;
  events?: (events: readonly RibbonEvent[]) => void;
  /** The time spans of the stream's alarms; replaces the spans of earlier calls. */
  spans?: (spans: readonly Span[]) => void;
}

/**
 * The recent data of one stream. It covers the longest window before the newest frame, and while the view is paused also
 * the longest window before the pause. Data is passed on to the attached components; a component that is attached later
 * first receives the data that is kept.
 */
export class StreamFeed {
  readonly view: TimeView = new TimeView();
  /** How much data is kept, in s. */
  retention = 60;
  readonly #listeners = new Set<FeedListener>();
  readonly #raw: Block[] = [];
  readonly #features = new Map<number, Block[]>();
  readonly #kernels = new Map<number, KernelsMessage>();
  readonly #losses: (LossMessage & { time: number })[] = [];
  readonly #events: RibbonEvent[] = [];
  readonly #knownMarks = new Set<string>();
  #pendingMarks: MarkMessage[] = [];
  #run: number | undefined;
  #alarms: readonly AlarmRecord[] = [];
  /** The frame that followed the last one before the newest subscription; NaN if there was none. */
  #resumeAt = NaN;
  #missed: number | undefined;

  /** Adds a message of this stream; `now` in ms. */
  push(message: Watched, now: number): void {
    if (message.type === 'subscribed') this.#resubscribe(message.run);
    else if (message.type === 'run') this.#startRun(message.run);
    else if (message.type === 'gap') this.#excuse(message.from, message.count);
    else if (message.type === 'block' && message.kind === 'samples') this.#pushRaw(message.block);
    else if (message.type === 'block' && message.kind === 'features') this.#pushFeatures(message.block, message.map);
    else if (message.type === 'kernels') this.#pushKernels(message);
    else if (message.type === 'loss') this.#pushLoss({ ...message, time: this.#timeOf(message.at) ?? now });
    else if (message.type === 'mark') this.#pushMark(message);
  }

  /** Passes a listener the data that is kept, then all new data. Returns a function that detaches it. */
  attach(listener: FeedListener): () => void {
    for (const block of this.#raw) listener.raw?.(block);
    for (const [map, blocks] of this.#features) for (const block of blocks) listener.features?.(block, map);
    for (const message of this.#kernels.values()) listener.kernels?.(message);
    for (const message of this.#losses) listener.loss?.(message);
    if (this.#events.length > 0) listener.events?.(this.#events);
    listener.spans?.(this.#spans());
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Replaces the alarms of this stream. */
  setAlarms(alarms: readonly AlarmRecord[]): void {
    this.#alarms = alarms;
    this.#emitSpans();
  }

  /** Rate of the newest frames in Hz, estimated from their times; 0 if not known yet. */
  get observedRate(): number {
    const newest = this.#raw.slice(-blocksForRate);
    const [first, last] = [newest[0], newest[newest.length - 1]];
    if (newest.length < 2 || last.time <= first.time) return 0;
    return (1000 * (last.start - first.start)) / (last.time - first.time);
  }

  /**
   * Frames that were lost to this page between the last two subscriptions, without those that the server itself did not
   * receive; NaN if a new run had started. Undefined until the first block arrives, or without an earlier subscription.
   */
  get missed(): number | undefined {
    return this.#missed;
  }

  /** Whether the stream has labeled events. */
  get hasEvents(): boolean {
    return this.#events.length > 0;
  }

  #pushRaw(received: Block): void {
    const resumed = received.start + frameCount(received) > this.#resumeAt;
    if (resumed) {
      this.#missed = Math.max(0, received.start - this.#resumeAt);
      this.#resumeAt = NaN;
    }
    const block = this.#store(this.#raw, received);
    if (!block) return;
    this.#placeMarks();
    for (const listener of this.#listeners) listener.raw?.(block);
    if (this.#raw.length === 1) this.#emitSpans();
  }

  #pushFeatures(received: Block, map: number): void {
    const blocks = this.#features.get(map) ?? [];
    this.#features.set(map, blocks);
    const block = this.#store(blocks, received);
    if (!block) return;
    for (const listener of this.#listeners) listener.features?.(block, map);
  }

  #pushKernels(message: KernelsMessage): void {
    const start = message.start ?? this.#kernels.get(message.learner)?.start ?? message.data;
    const withStart = { ...message, start };
    this.#kernels.set(message.learner, withStart);
    for (const listener of this.#listeners) listener.kernels?.(withStart);
  }

  /** The time of a frame, extrapolated from the newest samples; undefined before the first ones. */
  #timeOf(frame: number): number | undefined {
    const clock = this.#raw.at(-1);
    return clock && timeOf(clock, frame);
  }

  #pushLoss(message: LossMessage & { time: number }): void {
    this.#losses.push(message);
    if (this.#losses.length > maxLosses) this.#losses.splice(0, this.#losses.length - maxLosses / 2);
    for (const listener of this.#listeners) listener.loss?.(message);
  }

  /** Adds a mark, unless it is already known: the server sends recent marks again after each reconnect. */
  #pushMark(message: MarkMessage): void {
    const key = `${message.time ?? message.at} ${message.label}`;
    if (this.#knownMarks.has(key)) return;
    this.#knownMarks.add(key);
    for (const old of this.#knownMarks) if (this.#knownMarks.size > maxEvents) this.#knownMarks.delete(old);
    this.#pendingMarks.push(message);
    this.#placeMarks();
  }

  /** Adds pending marks as events: at their own time, or at that of their frame, based on the newest block. */
  #placeMarks(): void {
    const clock = this.#raw.at(-1);
    if (!clock || this.#pendingMarks.length === 0) return;
    const events = this.#pendingMarks.map(({ at, frames = 0, label, time, duration }) => {
      const start = timeOf(clock, at);
      return { time: time ?? start, duration: duration ?? timeOf(clock, at + frames) - start, label };
    });
    this.#pendingMarks = [];
    this.#events.push(...events);
    if (this.#events.length > maxEvents) this.#events.splice(0, this.#events.length - maxEvents);
    for (const listener of this.#listeners) listener.events?.(events);
  }

  #emitSpans(): void {
    const spans = this.#spans();
    for (const listener of this.#listeners) listener.spans?.(spans);
  }

  /** The time spans of the alarms, converted from frame indices based on the newest block. */
  #spans(): Span[] {
    const clock = this.#raw.at(-1);
    if (!clock) return [];
    const visible = this.#alarms.filter(({ falseAlarm }) => !falseAlarm);
    return visible
      .flatMap(({ members }) => members.filter(({ cause }) => !isOfStream(cause)))
      .flatMap(({ window, since, last, channels }) => {
        if (window.run !== this.#run) return [];
        const labels = channels.filter(({ share }, at) => at === 0 || share >= 0.1).map(({ label }) => label);
        return clock.rate > 0
          ? [{ from: timeOf(clock, window.from), to: timeOf(clock, window.to), labels }]
          : [{ from: since, to: last, labels }];
      });
  }

  /**
   * Stores a block and returns it without the frames that are already known: the server sends recent blocks of the run
   * again after each reconnect.
   */
  #store(blocks: Block[], received: Block): Block | undefined {
    const last = blocks.at(-1);
    const block = last ? cutBlock(received, last.start + frameCount(last)) : received;
    if (frameCount(block) === 0) return undefined;
    blocks.push(block);
    if (blocks.length % 64 === 0) this.#discardOld(blocks, block);
    return block;
  }

  #discardOld(blocks: Block[], block: Block): void {
    const { paused, end } = this.view;
    const within = (time: number, until: number): boolean =>
      time < until + clockJitter && time > until - 1000 * this.retention;
    const kept = blocks.filter(({ time }) => within(time, block.time) || (paused && within(time, end)));
    blocks.splice(0, blocks.length, ...kept.slice(-maxBlocks + 64));
  }

  #resubscribe(run: number): void {
    const last = this.#raw.at(-1);
    this.#resumeAt = last && run === this.#run ? last.start + frameCount(last) : NaN;
    this.#missed = last && run !== this.#run ? NaN : undefined;
    this.#startRun(run);
  }

  /** Frames that the server did not receive are not missed by the page. */
  #excuse(from: number, count: number): void {
    if (from <= this.#resumeAt) this.#resumeAt = Math.max(this.#resumeAt, from + count);
  }

  /** Discards the data of an earlier run. Events stay, since they have a time. */
  #startRun(run: number): void {
    if (run === this.#run) return;
    this.#run = run;
    this.#knownMarks.clear();
    this.#raw.length = 0;
    this.#features.clear();
    this.#pendingMarks = [];
  }
}
