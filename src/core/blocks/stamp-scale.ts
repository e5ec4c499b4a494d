import { most, plausibleEpoch, recognizeUnit, type Stamp, type StampUnit } from './stamp-unit.ts';
import { fromMs, toMs, type TimeUnit } from './time-unit.ts';

/** A value with its time. */
export interface Timed<T> {
  readonly value: T;
  /** In ms; NaN if it has no timestamp. */
  readonly time: number;
  /** Whether the time cannot be compared with those before, because the device's clock was replaced by another one. */
  readonly newClock: boolean;
}

/** Values at which the counters of devices start again at 0: `millis()` and `micros()`, `ticks_ms()` of MicroPython. */
const wraps: readonly number[] = [2 ** 32, 2 ** 30];
/** Longest step in ms across which a counter is continued. */
const maxWrapStep = 60_000;
/** Step in ms from which a number that is a plausible time since 1970 is read as such, although others before it were not. */
const maxStep = 86_400_000;

/**
 * Converts the timestamps of a device to ms. The unit is recognized by `recognizeUnit`; until then, values are held. Times
 * since 1970 can change their unit. Other clocks can wrap, or be replaced by one that counts from 1970, and the other way round:
 * the new clock is then recognized in the same way.
 */
export class StampScale<T extends Stamp> {
  #held: T[] = [];
  /** The last timestamps of an unknown unit. */
  #seen: Stamp[] = [];
  #unit: StampUnit | undefined;
  /** The last timestamp, without wraps, and the sum of the wraps. */
  #last = NaN;
  #lost = 0;
  #newClock = false;

  /** Adds a value. Returns the values whose times are known. */
  push(value: T): Timed<T>[] {
    const ended = this.#isOtherClock(value.stamp) ? this.#end() : [];
    this.#held.push(value);
    if (this.#unit || !(value.rate > 0)) return [...ended, ...this.flush()];
    this.#seen = [...this.#seen.slice(1 - most), value];
    if (this.#isReplaced()) {
      const replacing = this.#held.splice(-2);
      ended.push(...this.#end());
      this.#held = replacing;
      this.#seen = [...replacing];
    }
    this.#unit = recognizeUnit(this.#seen);
    const isOpen = this.#seen.length < most && this.#seen.some(({ stamp }) => Number.isFinite(stamp));
    return !this.#unit && isOpen ? ended : [...ended, ...this.flush()];
  }

  /** Returns the values that are held. Unless their unit is recognized, it is that of a time since 1970, or ms. */
  flush(): Timed<T>[] {
    this.#unit ??= recognizeUnit(this.#seen, true);
    const held = this.#held;
    this.#held = [];
    return held.map((value) => this.#timed(value));
  }

  /** Ends the clock: the next value begins another one. */
  #end(): Timed<T>[] {
    const held = this.flush();
    this.#seen = [];
    this.#unit = undefined;
    this.#last = NaN;
    this.#lost = 0;
    this.#newClock = true;
    return held;
  }

  /** Whether a timestamp cannot be one of the clock of those before it. */
  #isOtherClock(stamp: number): boolean {
    if (!Number.isFinite(stamp)) return false;
    const epoch = plausibleEpoch(stamp);
    if (this.#unit?.epoch) return epoch === undefined;
    if (this.#unit) return epoch !== undefined && stamp - this.#last + this.#lost > fromMs(maxStep, this.#unit.unit);
    const last = this.#held.findLast((held) => Number.isFinite(held.stamp))?.stamp ?? NaN;
    const isWrap = wraps.some((wrap) => last < wrap && stamp >= 0 && stamp + wrap - last < wrap / 64);
    return plausibleEpoch(last) !== undefined && epoch === undefined && stamp < last && !isWrap;
  }

  /** Whether the last two timestamps count from 1970 and those before, whose unit is not known, do not. */
  #isReplaced(): boolean {
    if (this.#held.length < 3) return false;
    const [before, ...last] = this.#held.slice(-3);
    const unit = recognizeUnit(last);
    return unit?.epoch === true && last[0].stamp - before.stamp > fromMs(maxStep, unit.unit);
  }

  #timed(value: T): Timed<T> {
    const isKnown = Number.isFinite(value.stamp);
    const before = this.#last;
    const time = isKnown ? this.#toMs(value.stamp) : NaN;
    const isJump = !this.#unit && plausibleEpoch(value.stamp) !== undefined && value.stamp - before > maxStep;
    const newClock = isKnown && (this.#newClock || isJump);
    if (newClock) this.#newClock = false;
    return { value, time, newClock };
  }

  #toMs(stamp: number): number {
    const epoch = this.#unit?.epoch === false ? undefined : plausibleEpoch(stamp);
    const unit = epoch ?? this.#unit?.unit ?? 'ms';
    if (epoch === undefined && stamp + this.#lost < this.#last) this.#goBack(stamp, unit);
    this.#last = stamp + this.#lost;
    return toMs(this.#last, unit);
  }

  /** Continues a counter that has wrapped; any other step back is that of a late frame or a device that was restarted. */
  #goBack(stamp: number, unit: TimeUnit): void {
    const last = this.#last - this.#lost;
    const step = (wrap: number) => toMs(stamp + wrap - last, unit);
    const wrap = wraps.find((size) => last < size && stamp >= 0 && step(size) <= maxWrapStep);
    if (wrap !== undefined && step(wrap) < toMs(last - stamp, unit)) this.#lost += wrap;
  }
}
