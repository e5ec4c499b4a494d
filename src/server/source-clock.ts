import { epochUnit, toMs, type TimeUnit, unitBySize, unitNames } from '../core/blocks/time-unit.ts';
import { formatOffset } from './format-offset.ts';
import type { ClockKind } from '../protocol/ingest.ts';
import { maxTime } from '../protocol/limits.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ClockInfo } from '../protocol/stream-info.ts';
import { ArrivalClock } from './arrival-clock.ts';
import { MonotonicClock, type MonotonicTime } from './monotonic-clock.ts';
import { ProgressMeter } from './progress-meter.ts';

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

/** The time of an `Arrival` that a `SourceClock` has observed. */
export interface ObservedTime {
  /** In ms since 1970; undefined if the time does not count from 1970. */
  readonly epoch?: number | undefined;
  /** Whether it counts from 1970 for certain. */
  readonly isDate?: boolean;
  readonly monotonic?: MonotonicTime | undefined;
}

/** An epoch clock that is off by more than this, in ms, is reported, until it is off by less than `minOffset`. */
const maxOffset = 60_000;
const minOffset = 50_000;
/** How far in the future, in ms, a time can be that is read as a time since 1970: ten years. */
const latestAhead = 315_576_000_000;
/** A first time that is this near to the server's clock, in ms, counts from 1970 for certain. */
const certain = 86_400_000;
/** A clock whose dates are far from the server's is monotonic only if its progress shows another unit for certain. */
const strict = { factor: 1.05, seconds: 3, intervals: 3 };
const usual = { factor: 1.25, seconds: 1, intervals: 2 };

/**
 * The clock of a device: converts the times of its frames to ms since 1970 on the server's clock.
 *
 * Times since 1970 are recognized by their size (`epochUnit`), and their unit is fixed for the run. If the date is far from the
 * server's, the progress of the times must not show another unit: a counter of µs looks like seconds since 1970 after 16 min.
 * Other times, such as seconds since the device was started, are those of a `MonotonicClock`, until the device sends the
 * current date, as after it has set its clock. Frames without a time, and those of a clock whose unit is not known yet, are
 * dated by their arrival.
 */
export class SourceClock {
  readonly #rate: number;
  readonly #declared: ClockKind | undefined;
  readonly #arrivals: ArrivalClock;
  #monotonic: MonotonicClock;
  #kind: ClockKind | undefined;
  #unit: TimeUnit | undefined;
  /** Measures the unit of a clock whose dates are far from the server's. */
  #doubt: ProgressMeter | undefined;
  /** Unit of the times of a device that sends dates as text, or in a declared unit. */
  #sent: TimeUnit | undefined;
  #offset = 0;
  #isOff = false;
  /** Whether a time of an epoch clock did not count from 1970. */
  #strayed = false;

  /** @param rate sampling rate in Hz; 0 = irregular */
  constructor(
    rate: number,
    declared?: ClockKind,
    arrivals: ArrivalClock = new ArrivalClock(rate),
    monotonic: MonotonicClock = new MonotonicClock(rate),
  ) {
    this.#rate = rate;
    this.#declared = declared;
    this.#kind = declared;
    this.#arrivals = arrivals;
    this.#monotonic = monotonic;
  }

  /** Returns a clock in the same state, whose changes do not affect this one. */
  copy(): SourceClock {
    return this.#with(this.#arrivals.copy(), this.#monotonic.copy());
  }

  /** Returns a clock in the same state on which only `observe` is called, before it replaces this one. */
  draft(): SourceClock {
    // what `observe` does not change need not be copied
    const isSettled = this.#kind === 'epoch' && !this.#doubt;
    return this.#with(this.#arrivals, isSettled ? this.#monotonic : this.#monotonic.copy());
  }

  #with(arrivals: ArrivalClock, monotonic: MonotonicClock): SourceClock {
    const copy = new SourceClock(this.#rate, this.#declared, arrivals, monotonic);
    copy.#kind = this.#kind;
    copy.#unit = this.#unit;
    copy.#doubt = this.#doubt?.copy();
    copy.#sent = this.#sent;
    copy.#offset = this.#offset;
    copy.#isOff = this.#isOff;
    copy.#strayed = this.#strayed;
    return copy;
  }

  /**
   * Learns from frames that arrived at `now`, and returns their time for `date`; to be called for all frames that arrived
   * together before `date`.
   * @throws ProtocolError 'bad-time' if the unit differs from the unit before, or a time is out of range
   */
  observe({ start, frames, time, timeUnit }: Arrival, now: number): ObservedTime | undefined {
    if (time === undefined) return undefined;
    const last = this.#span(frames - 1);
    if (timeUnit !== undefined) {
      this.#sent = timeUnit;
      return { epoch: this.#epoch(time, timeUnit, { frames, last, now }), isDate: true };
    }
    this.#recognize(time, now);
    this.#doubt?.observe({ time, start, now });
    const monotonic =
      this.#kind === 'monotonic' || this.#doubt ? this.#monotonic.observe({ time, start, last }, now) : undefined;
    this.#decide();
    if (this.#kind === 'monotonic') return { monotonic };
    const unit = this.#epochUnit(time);
    if (unit === undefined) this.#strayed = true;
    return { epoch: unit && this.#epoch(time, unit, { frames, last, now }), monotonic };
  }

  /** Returns the time of the first new one of some frames that arrived at `now`, in ms since 1970. */
  date({ start, frames, old }: Arrival, observed: ObservedTime | undefined, now: number): number {
    const given = this.#given(observed, this.#span(old), now);
    if (given !== undefined) return given;
    const arrival = this.#arrivals.date(start + old, frames - old, now);
    this.#monotonic.startAfter(arrival);
    return arrival;
  }

  /** Returns the time of an event that arrived at `now`, in ms since 1970; undefined if it cannot be known yet. */
  dateEvent(time: number, now: number, timeUnit?: TimeUnit): number | undefined {
    if (timeUnit === undefined && this.#kind === 'monotonic') return this.#monotonic.map(time, now);
    const epoch = timeUnit ?? unitBySize(time) ?? (this.#declared === 'epoch' ? 'ms' : undefined);
    return epoch && toMs(time, epoch);
  }

  /** What is known about the clock; undefined if the device sends no times. */
  get info(): ClockInfo | undefined {
    if (this.#kind === 'monotonic') return { kind: 'monotonic', unit: this.#monotonic.unit };
    const unit = this.#unit ?? this.#sent;
    return unit && { kind: 'epoch', unit };
  }

  /** How far the newest time is ahead of its arrival, in ms, or behind if negative; 0 up to a minute. */
  get offset(): number {
    return this.#isOff ? this.#offset : 0;
  }

  /** What is unusual about the clock, one sentence for each key. */
  get notes(): ReadonlyMap<string, string> {
    const notes = new Map<string, string>();
    if (this.#kind !== 'monotonic' && this.#unit === 'ms' && !this.#strayed && !this.#isOff) return notes;
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

  /** Recognizes the kind of the clock from its first time, or from one that leaps to the current date. */
  #recognize(time: number, now: number): void {
    if (this.#declared !== undefined) return;
    const unit = epochUnit(time, now + latestAhead);
    const isCurrent = unit !== undefined && Math.abs(toMs(time, unit) - now) < certain;
    if (this.#kind === undefined) {
      this.#unit = unit;
      this.#kind = unit === undefined ? 'monotonic' : 'epoch';
      if (unit !== undefined && !isCurrent) this.#doubt = new ProgressMeter(this.#rate);
    } else if (this.#kind === 'monotonic' && isCurrent && this.#monotonic.isLeap(time)) {
      this.#unit = unit;
      this.#kind = 'epoch';
      this.#monotonic = new MonotonicClock(this.#rate);
    }
  }

  /** Decides whether a clock whose dates are far from the server's counts from 1970. */
  #decide(): void {
    if (!this.#doubt || this.#unit === undefined) return;
    const other = this.#doubt.unit(strict);
    const counts = this.#doubt.unit(usual) === this.#unit;
    if (counts || (other !== undefined && other !== this.#unit)) this.#doubt = undefined;
    else return;
    if (counts) return;
    this.#kind = 'monotonic';
    this.#unit = undefined;
    this.#offset = 0;
    this.#isOff = false;
  }

  #epoch(time: number, unit: TimeUnit, { frames, last, now }: { frames: number; last: number; now: number }): number {
    const first = toMs(time, unit);
    if (!(Math.abs(first + last) <= maxTime))
      throw new ProtocolError(
        'bad-time',
        `time of the last frame must be at most ${maxTime} ms, got ${frames} frames from ${first} ms`,
      );
    this.#offset = first + last - now;
    this.#isOff = Math.abs(this.#offset) > (this.#isOff ? minOffset : maxOffset);
    return first;
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

  #given(observed: ObservedTime | undefined, later: number, now: number): number | undefined {
    if (observed === undefined) return undefined;
    if (this.#kind === 'monotonic' && observed.isDate !== true)
      return observed.monotonic && this.#monotonic.date(observed.monotonic, later, now);
    return observed.epoch === undefined ? undefined : observed.epoch + later;
  }

  /** The duration of some frames in ms; 0 for an irregular stream. */
  #span(frames: number): number {
    return this.#rate > 0 ? (frames * 1000) / this.#rate : 0;
  }
}
