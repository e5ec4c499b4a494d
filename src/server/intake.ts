import type { Block } from '../core/blocks/block.ts';
import { mapInSlices, type Slices } from '../core/slices.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import type { ClockKind, Gap, Mark } from '../protocol/ingest.ts';
import { inOrder } from '../protocol/named-samples.ts';
import { numbered } from '../protocol/numbered.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Samples } from '../protocol/samples.ts';
import type { MarkMessage } from '../protocol/watch-message.ts';
import { invalidateNonFinite } from './check-samples.ts';
import { FrameNumbering, type Placement } from './frame-numbering.ts';
import { type Arrival, type ObservedTime, SourceClock } from './source-clock.ts';

/** What a sensor sends about an open stream. */
export type SensorMessage = Samples | Gap | Mark;
/** New frames, missing frames, or an event, with their positions in the stream. */
export type IntakeOutput = { type: 'raw'; block: Block } | Gap | Omit<MarkMessage, 'id'>;

/** The shape of a stream. */
export interface IntakeOptions {
  readonly channels: readonly ChannelInfo[];
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
  readonly clock?: ClockKind | undefined;
}

/** Cost of one of many messages in ns, apart from that of its frames. */
const messageCost = 10_000;

/** Samples whose position is known. */
interface Placed extends Placement {
  readonly type: 'samples';
  readonly samples: Samples;
}
/** An event, and the index of the frame after those before it. */
type PlacedMark = Mark & { readonly next: number };

/** The numbering and the clock of one run: turns the messages of a sensor into blocks, gaps, and marks. */
export class Intake {
  readonly #options: IntakeOptions;
  #numbering: FrameNumbering;
  #clock: SourceClock;
  /** The newest frame: its index, and its time in ms since 1970. */
  #newest: { index: number; time: number } | undefined;

  /** @param next index of the next frame, if a run is continued. Default: start a new run at 0 */
  constructor(options: IntakeOptions, next?: number) {
    this.#options = options;
    this.#numbering = new FrameNumbering(next);
    this.#clock = new SourceClock(options.rate, options.clock);
  }

  /** Returns the intake of a stream with another description in the same run. */
  reopened(options: IntakeOptions): Intake {
    const intake = new Intake(options);
    intake.#numbering = this.#numbering.copy();
    intake.#newest = this.#newest;
    if (options.clock === this.#options.clock) intake.#clock = this.#clock.copy();
    return intake;
  }

  /** Index of the next frame expected. */
  get next(): number {
    return this.#numbering.next;
  }

  get clock(): SourceClock {
    return this.#clock;
  }

  /**
   * Processes messages that arrived together at `now`, in ms since 1970, in slices. Other messages must wait for the last one.
   * @throws ProtocolError if one of them does not match the stream; nothing is changed then
   */
  *accept(messages: readonly SensorMessage[], now: number): Slices<IntakeOutput[]> {
    const count = messages.length;
    if (count === 1) return this.#acceptOne(messages[0], now);
    const numbering = this.#numbering.copy();
    const clock = this.#clock.draft();
    const times = new Map<object, ObservedTime | undefined>();
    const each = yield* mapInSlices(messages, messageCost, (message, at) => {
      const place = () => {
        const item = this.#place(message, numbering);
        if (item?.type === 'samples') times.set(item, observed(item, clock, now));
        return item ?? [];
      };
      return numbered(() => `message ${at + 1} of ${count}`, place);
    });
    this.#numbering = numbering;
    this.#clock = clock;
    const outputs = yield* mapInSlices(joined(each.flat()), messageCost, (item) =>
      this.#outputs(item, times.get(item), now),
    );
    return outputs.flat();
  }

  #acceptOne(message: SensorMessage, now: number): IntakeOutput[] {
    const numbering = this.#numbering.copy();
    const clock = this.#clock.draft();
    const item = this.#place(message, numbering);
    const time = item?.type === 'samples' ? observed(item, clock, now) : undefined;
    this.#numbering = numbering;
    this.#clock = clock;
    return item ? this.#outputs(item, time, now) : [];
  }

  #outputs(item: Placed | Gap | PlacedMark, time: ObservedTime | undefined, now: number): IntakeOutput[] {
    if (item.type === 'gap') return [item];
    return item.type === 'mark' ? [this.#mark(item, now)] : this.#frames(item, time, now);
  }

  #place(message: SensorMessage, numbering: FrameNumbering): Placed | Gap | PlacedMark | undefined {
    if (message.type === 'mark') return { ...message, next: numbering.next };
    if (message.type === 'gap') return numbering.skip(message);
    const { channels, rate } = this.#options;
    const samples = message.named ? inOrder(message, channels) : message;
    if (samples.channels !== channels.length)
      throw new ProtocolError('wrong-channels', `channels must be ${channels.length}, got ${samples.channels}`);
    if (samples.rate !== undefined && Math.abs(samples.rate - rate) > 1e-6 * rate)
      throw new ProtocolError('wrong-rate', `rate must be ${rate} Hz, got ${samples.rate}`);
    const placement = numbering.place(samples.start, samples.data.length / samples.channels);
    return { type: 'samples', samples, ...placement };
  }

  #frames(placed: Placed, observed: ObservedTime | undefined, now: number): IntakeOutput[] {
    const { samples, start, old, gap } = placed;
    const { channels } = samples;
    const { rate } = this.#options;
    const before: IntakeOutput[] = gap ? [gap] : [];
    const data = old === 0 ? samples.data : samples.data.slice(old * channels);
    if (data.length === 0) return before;
    const valid = invalidateNonFinite(data, channels, samples.valid?.slice(old));
    const time = this.#clock.date(arrivalOf(placed), observed, now);
    const last = data.length / channels - 1;
    this.#newest = { index: start + last, time: rate > 0 ? time + (last * 1000) / rate : time };
    return [...before, { type: 'raw', block: { data, channels, start, rate, time, ...(valid && { valid }) } }];
  }

  /** Returns an event with the index of its frame: the one at its time, or the next one if neither is known. */
  #mark({ at, label, frames, time, timeUnit, duration, next }: PlacedMark, now: number): Omit<MarkMessage, 'id'> {
    const { rate } = this.#options;
    const dated = time === undefined ? undefined : this.#clock.dateEvent(time, now, timeUnit);
    const count = frames ?? (rate > 0 && duration ? Math.max(1, Math.round((duration * rate) / 1000)) : undefined);
    return {
      type: 'mark',
      at: at ?? this.#indexAt(dated) ?? next,
      label,
      ...(count !== undefined && { frames: count }),
      ...(dated !== undefined && { time: dated }),
      ...(duration !== undefined && { duration }),
    };
  }

  /** Returns the index of the frame nearest to a time in ms since 1970, if the stream has a sampling rate. */
  #indexAt(time: number | undefined): number | undefined {
    const { rate } = this.#options;
    if (time === undefined || rate === 0 || !this.#newest) return undefined;
    const index = this.#newest.index + Math.round(((time - this.#newest.time) * rate) / 1000);
    return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, index));
  }
}

/**
 * Joins successive samples without times that follow each other, so that they are dated together: they arrived at the same
 * time.
 */
function joined(placed: readonly (Placed | Gap | PlacedMark)[]): (Placed | Gap | PlacedMark)[] {
  const groups: (Placed | Gap | PlacedMark)[][] = [];
  for (const item of placed) {
    const before = groups.at(-1)?.at(-1);
    const follows = item.type === 'samples' && before?.type === 'samples' && canFollow(before, item);
    if (follows) groups[groups.length - 1].push(item);
    else groups.push([item]);
  }
  return groups.map((group) => (group.length === 1 ? group[0] : joinedSamples(group as Placed[])));
}

function canFollow(before: Placed, { samples, start, old, gap }: Placed): boolean {
  const isNew = !gap && old === 0 && before.start + framesOf(before) - before.old === start;
  return isNew && before.samples.time === undefined && samples.time === undefined;
}

function joinedSamples(group: readonly Placed[]): Placed {
  const [first] = group;
  const data = new Float32Array(group.reduce((sum, { samples }) => sum + samples.data.length, 0));
  const valid = new Uint8Array(data.length / first.samples.channels).fill(1);
  let frame = 0;
  for (const item of group) {
    data.set(item.samples.data, frame * first.samples.channels);
    if (item.samples.valid) valid.set(item.samples.valid, frame);
    frame += framesOf(item);
  }
  const isValid = group.every(({ samples }) => !samples.valid);
  return { ...first, samples: { ...first.samples, data, valid: isValid ? undefined : valid } };
}

/** Lets the clock observe new frames. */
function observed(item: Placed, clock: SourceClock, now: number): ObservedTime | undefined {
  return framesOf(item) > item.old ? clock.observe(arrivalOf(item), now) : undefined;
}

function framesOf({ samples }: Placed): number {
  return samples.data.length / samples.channels;
}

function arrivalOf(placed: Placed): Arrival {
  const { time, timeUnit } = placed.samples;
  return { start: placed.start - placed.old, frames: framesOf(placed), old: placed.old, time, timeUnit };
}
