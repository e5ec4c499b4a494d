import type { AlarmRecord } from '../../src/core/alarms/alarm-life.ts';
import { type Block, frameCount, timeOf } from '../../src/core/blocks/block.ts';
import type { KernelsMessage, LossMessage, MarkMessage } from '../../src/protocol/index.ts';
import { cutBlock } from '../../src/sources/cut-block.ts';
import type { Span } from '../spans.ts';
import type { RibbonEvent } from '../ribbon.ts';
import { TimeView } from '../time-view.ts';
import type { Watched } from '../watch.ts';

/** Blocks that are remembered for pieces that are mounted later. */
const mostBlocks = 4096;
/** Blocks by whose times the pace of an irregular stream is told. */
const paced = 64;
/** Ms by which the clocks of blocks may jitter. */
const slack = 1000;
const mostLosses = 2400;
const mostEvents = 500;

/** What a piece is told. A `loss` carries the time when it came, in ms. */
export interface FeedListener {
  raw?: (block: Block) => void;
  features?: (block: Block, map: number) => void;
  kernels?: (message: KernelsMessage) => void;
  loss?: (message: LossMessage & { time: number }) => void;
  events?: (events: readonly RibbonEvent[]) => void;
  /** Where the alarms of this stream lie, in place of what was told before. */
  spans?: (spans: readonly Span[]) => void;
}

/**
 * The last of one stream, as much as its longest window shows, and while its view is paused as much up to what is held, passed on to the pieces that
 * show it. A piece that is mounted late is told first what the others were told before.
 */
export class StreamFeed {
  readonly view: TimeView = new TimeView();
  /** How much is remembered, in s. */
  remembered = 60;
  readonly #listeners = new Set<FeedListener>();
  readonly #raw: Block[] = [];
  readonly #features = new Map<number, Block[]>();
  readonly #kernels = new Map<number, KernelsMessage>();
  readonly #losses: (LossMessage & { time: number })[] = [];
  readonly #events: RibbonEvent[] = [];
  readonly #told = new Set<string>();
  #unplaced: MarkMessage[] = [];
  #run: number | undefined;
  #alarms: readonly AlarmRecord[] = [];

  /** Takes a message that belongs to this stream; `now` in ms. */
  take(message: Watched, now: number): void {
    if (message.type === 'run' || message.type === 'subscribed') this.#begin(message.run);
    else if (message.type === 'block' && message.kind === 'samples') this.#takeRaw(message.block);
    else if (message.type === 'block' && message.kind === 'features') this.#takeFeatures(message.block, message.map);
    else if (message.type === 'kernels') this.#takeKernels(message);
    else if (message.type === 'loss') this.#takeLoss({ ...message, time: now });
    else if (message.type === 'mark') this.#takeMark(message);
  }

  /** Tells a listener everything that is remembered, and then what comes; returns what ends that. */
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

  /** Takes the alarms of this stream, all there are. */
  alarms(alarms: readonly AlarmRecord[]): void {
    this.#alarms = alarms;
    this.#tellSpans();
  }

  /** How often frames come, in Hz, by the times of the newest; 0: not known yet. */
  get pace(): number {
    const newest = this.#raw.slice(-paced);
    const [first, last] = [newest[0], newest[newest.length - 1]];
    if (newest.length < 2 || last.time <= first.time) return 0;
    return (1000 * (last.start - first.start)) / (last.time - first.time);
  }

  /** Whether anything is known of what happened. */
  get hasEvents(): boolean {
    return this.#events.length > 0;
  }

  #takeRaw(told: Block): void {
    const block = this.#keep(this.#raw, told);
    if (!block) return;
    this.#placeMarks();
    for (const listener of this.#listeners) listener.raw?.(block);
    if (this.#raw.length === 1) this.#tellSpans();
  }

  #takeFeatures(told: Block, map: number): void {
    const blocks = this.#features.get(map) ?? [];
    this.#features.set(map, blocks);
    const block = this.#keep(blocks, told);
    if (!block) return;
    for (const listener of this.#listeners) listener.features?.(block, map);
  }

  #takeKernels(message: KernelsMessage): void {
    const start = message.start ?? this.#kernels.get(message.learner)?.start ?? message.data;
    const whole = { ...message, start };
    this.#kernels.set(message.learner, whole);
    for (const listener of this.#listeners) listener.kernels?.(whole);
  }

  #takeLoss(message: LossMessage & { time: number }): void {
    this.#losses.push(message);
    if (this.#losses.length > mostLosses) this.#losses.splice(0, this.#losses.length - mostLosses / 2);
    for (const listener of this.#listeners) listener.loss?.(message);
  }

  /** Takes a mark once, though it is told anew after each connection. */
  #takeMark(message: MarkMessage): void {
    const key = `${message.at} ${message.label}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    for (const old of this.#told) if (this.#told.size > mostEvents) this.#told.delete(old);
    this.#unplaced.push(message);
    this.#placeMarks();
  }

  /** Marks come by frame index: they find their time by the clock of the newest block. */
  #placeMarks(): void {
    const clock = this.#raw.at(-1);
    if (!clock || this.#unplaced.length === 0) return;
    const events = this.#unplaced.map(({ at, frames = 0, label }) => {
      const time = timeOf(clock, at);
      return { time, duration: timeOf(clock, at + frames) - time, label };
    });
    this.#unplaced = [];
    this.#events.push(...events);
    if (this.#events.length > mostEvents) this.#events.splice(0, this.#events.length - mostEvents);
    for (const listener of this.#listeners) listener.events?.(events);
  }

  #tellSpans(): void {
    const spans = this.#spans();
    for (const listener of this.#listeners) listener.spans?.(spans);
  }

  /** Alarms lie by frame index, as marks do. */
  #spans(): Span[] {
    const clock = this.#raw.at(-1);
    if (!clock) return [];
    const lasting = this.#alarms.filter(({ kind, falseAlarm }) => kind !== 'silent' && !falseAlarm);
    return lasting
      .flatMap(({ members }) => members)
      .flatMap(({ window, since, last, channels }) => {
        if (window.run !== this.#run) return [];
        const labels = channels.filter(({ share }, at) => at === 0 || share >= 0.1).map(({ label }) => label);
        return clock.rate > 0
          ? [{ from: timeOf(clock, window.from), to: timeOf(clock, window.to), labels }]
          : [{ from: since, to: last, labels }];
      });
  }

  /** What is new of a block: after each connection the server tells again what it still has of the run. */
  #keep(blocks: Block[], told: Block): Block | undefined {
    const last = blocks.at(-1);
    const block = last ? cutBlock(told, last.start + frameCount(last)) : told;
    if (frameCount(block) === 0) return undefined;
    blocks.push(block);
    if (blocks.length % 64 === 0) this.#forget(blocks, block);
    return block;
  }

  #forget(blocks: Block[], block: Block): void {
    const { paused, end } = this.view;
    const within = (time: number, until: number): boolean =>
      time < until + slack && time > until - 1000 * this.remembered;
    const kept = blocks.filter(({ time }) => within(time, block.time) || (paused && within(time, end)));
    blocks.splice(0, blocks.length, ...kept.slice(-mostBlocks + 64));
  }

  /** Forgets what was numbered otherwise; events keep their time. */
  #begin(run: number): void {
    if (run === this.#run) return;
    this.#run = run;
    this.#told.clear();
    this.#raw.length = 0;
    this.#features.clear();
    this.#unplaced = [];
  }
}
