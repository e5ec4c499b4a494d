import { epochUnit, toMs, type TimeUnit, unitBySize, unitNames } from '../core/blocks/time-unit.ts';
import { formatOffset } from './format-offset.ts';
import type { ClockKind } from '../protocol/ingest.ts';
import { maxTime } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ClockInfo } from '../protocol/stream-info.ts';
import { ArrivalClock } from './arrival-clock.ts';
import { MonotonicClock } from './monotonic-clock.ts';

/** Frames that arrived together. */
export interface Arrival {
  /** Absolute index of the first frame. */
  readonly start: number;
  readonly frames: number;
  /** How many of them are not new. */
  readonly old: number;
  /** Time of the first frame as the device sent it; absent if it sent none. */
  readonly time?: number | undefined;
  /** Unit of `time`, if it is known to count from 1970. */
  readonly timeUnit?: TimeUnit | undefined;
}

/** An epoch clock that is off by more than this, in ms, is reported. */
const maxOffset = 60_000;
/** How far in the future, in ms, a time can be that is read as a time since 1970: ten years. */
const latestAhead = 315_576_000_000;

/**
 * The clock of a device: converts the times of its frames to ms since 1970 on the server's clock.
 *
 * Times since 1970 are recognized by their size (`unitBySize`), and their unit is fixed for the run. Other times, such as
 * seconds since the device was started, are those of a `MonotonicClock`. Frames without a time, and those of a clock whose
 * unit is not known yet, are dated by their arrival.
 */
export class SourceClock {
  readonly #rate: number;
  readonly #declared: ClockKind | undefined;
  readonly #arrivals: ArrivalClock;
  readonly #monotonic: MonotonicClock;
  #kind: ClockKind | undefined;
  #unit: TimeUnit | undefined;
  #offset = 0;
  /** Whether a time of an epoch clock did not count from 1970. */
  #strayed = false;

  /** @param rate sampling rate in Hz; 0 = irregular */
  constructor(rate: number, declared?: ClockKind, before?: SourceClock) {
    this.#rate = rate;
    this.#declared = declared;
    this.#kind = declared;
    this.#arrivals = before ? before.#arrivals.copy() : new ArrivalClock(rate);
    this.#monotonic = before ? before.#monotonic.copy() : new MonotonicClock(rate);
    if (!before) return;
    this.#kind = before.#kind;
    this.#unit = before.#unit;
    this.#offset = before.#offset;
    this.#strayed = before.#strayed;
  }

  /** Returns a clock in the same state, whose changes do not affect this one. */
  copy(): SourceClock {
    return new SourceClock(this.#rate, this.#declared, this);
  }

  /**
   * Learns from frames that arrived at `now`; to be called for all frames that arrived together before `date`.
   * @throws ProtocolError 'bad-time' if the unit differs from the unit before, or a time is out of range
   */
  observe({ start, frames, time, timeUnit }: Arrival, now: number): void {
    if (time === undefined) return;
    const last = this.#span(frames - 1);
    if (timeUnit === undefined && this.#kind === undefined) this.#recognize(time, now);
    if (timeUnit === undefined && this.#kind === 'monotonic') {
      this.#monotonic.observe({ time, start, last }, now);
      return;
    }
    const unit = timeUnit ?? this.#epochUnit(time);
    if (unit === undefined) {
      this.#strayed = true;
      return;
    }
    const newest = toMs(time, unit) + last;
    if (!(Math.abs(newest) <= maxTime))
      throw new ProtocolError(
        'bad-time',
        `time of the last frame must be at most ${maxTime} ms, got ${frames} frames from ${toMs(time, unit)} ms`,
      );
    this.#offset = newest - now;
  }

  /** Returns the time of the first new one of some frames that arrived at `now`, in ms since 1970. */
  date({ start, frames, old, time, timeUnit }: Arrival, now: number): number {
    const given = time === undefined ? undefined : this.#convert(time, this.#span(old), timeUnit, now);
    return given ?? this.#arrivals.date(start + old, frames - old, now);
  }

  /** Returns the time of an event in ms since 1970; undefined if it cannot be known yet. */
  dateEvent(time: number): number | undefined {
    const epoch = this.#declared === 'monotonic' ? undefined : unitBySize(time);
    return epoch === undefined ? this.#monotonic.map(time) : toMs(time, epoch);
  }

  /** What is known about the clock; undefined if the device sends no times. */
  get info(): ClockInfo | undefined {
    if (this.#kind === 'monotonic') return { kind: 'monotonic', unit: this.#monotonic.unit };
    return this.#unit && { kind: 'epoch', unit: this.#unit };
  }

  /** How far the newest time is ahead of its arrival, in ms, or behind if negative; 0 up to a minute. */
  get offset(): number {
    return Math.abs(this.#offset) > maxOffset ? this.#offset : 0;
  }

  /** What is unusual about the clock, one sentence for each key. */
  get notes(): ReadonlyMap<string, string> {
    const notes = new Map<string, string>();
    const { unit } = this.#monotonic;
    if (this.#kind === 'monotonic')
      notes.set(
        `monotonic ${unit ?? ''}`,
        unit === undefined
          ? 'the clock does not count from 1970 (monotonic clock); times of arrival are used until its unit is recognized'
          : `the clock does not count from 1970 (monotonic clock in ${unitNames[unit]}); its times are mapped to the server's clock`,
      );
    else if (this.#unit !== undefined && this.#unit !== 'ms')
      notes.set('unit', `time is in ${unitNames[this.#unit]} since 1970 and is converted to ms`);
    if (this.#strayed)
      notes.set(
        'strayed',
        'some times do not count from 1970, unlike earlier ones; times of arrival are used for their frames',
      );
    if (this.offset !== 0)
      notes.set(
        'offset',
        `the device's clock is ${formatOffset(this.offset)} the server's clock (offset ${Math.round(this.offset / 1000)} s); set the device's clock, unless it sends recorded data`,
      );
    return notes;
  }

  #recognize(time: number, now: number): void {
    this.#unit = epochUnit(time, now + latestAhead);
    this.#kind = this.#unit === undefined ? 'monotonic' : 'epoch';
  }

  /** Returns the unit of a time since 1970; undefined if it does not count from 1970. */
  #epochUnit(time: number): TimeUnit | undefined {
    const unit = unitBySize(time) ?? (this.#declared === 'epoch' ? 'ms' : undefined);
    if (unit === undefined) return undefined;
    this.#unit ??= unit;
    if (unit === this.#unit) return unit;
    throw new ProtocolError(
      'bad-time',
      `time must be in ${unitNames[this.#unit]} since 1970, as before in this run, got ${time}, which is in ${unitNames[unit]}; start a new run (fresh) to change the unit`,
    );
  }

  #convert(time: number, later: number, timeUnit: TimeUnit | undefined, now: number): number | undefined {
    if (timeUnit === undefined && this.#kind === 'monotonic') return this.#monotonic.date(time, later, now);
    const unit = timeUnit ?? this.#epochUnit(time);
    return unit === undefined ? undefined : toMs(time, unit) + later;
  }

  /** The duration of some frames in ms; 0 for an irregular stream. */
  #span(frames: number): number {
    return this.#rate > 0 ? (frames * 1000) / this.#rate : 0;
  }
}
