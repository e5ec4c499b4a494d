import { fromMs, toMs, type TimeUnit } from '../core/blocks/time-unit.ts';
import { maxTime } from '../protocol/limits.ts';
import { ClockMapping, maxLate } from './clock-mapping.ts';
import { ProgressMeter } from './progress-meter.ts';

/** Time of a message: that of its first frame as sent, the index of that frame, and how much later its last frame is. */
interface Observation {
  readonly time: number;
  readonly start: number;
  /** In ms. */
  readonly last: number;
}

/** A time of the clock without wraps, and the mapping that was in use when it was observed. */
export interface MonotonicTime {
  readonly counter: number;
  readonly mapping: ClockMapping;
}

/** Values after which the counters of devices start again at 0: millis() and micros(), ticks_ms() of MicroPython. */
const wraps: readonly number[] = [2 ** 32, 2 ** 30];
/** How far in the past, in ms, a time can be that is of a frame that is sent late, and not of a device that was restarted. */
const latest = 86_400_000;
const strictness = { factor: 1.25, seconds: 1, intervals: 2 };

/**
 * A clock that does not count from 1970, such as seconds since the device was started. Its unit is recognized from its
 * progress (`ProgressMeter`), and its times are mapped to the server's clock (`ClockMapping`). The counter may wrap at 2^32 or
 * 2^30, frames may be sent late, and a device that was restarted is mapped anew.
 */
export class MonotonicClock {
  #meter: ProgressMeter;
  #unit: TimeUnit | undefined;
  #mapping = new ClockMapping();
  /** The newest time without wraps, its arrival, and the arrival before. */
  #newest = { counter: NaN, now: NaN, before: NaN };
  /** How much the counter has lost by wrapping. */
  #lost = 0;
  /** The newest time before the last outage: later frames than it can be sent late. */
  #outage = -Infinity;

  /** @param rate sampling rate in Hz; 0 = irregular */
  constructor(rate: number) {
    this.#meter = new ProgressMeter(rate);
  }

  /** Returns a clock in the same state. */
  copy(): MonotonicClock {
    const copy = new MonotonicClock(0);
    copy.#meter = this.#meter.copy();
    copy.#unit = this.#unit;
    copy.#mapping = this.#mapping.copy();
    copy.#newest = this.#newest;
    copy.#lost = this.#lost;
    copy.#outage = this.#outage;
    return copy;
  }

  /** The unit; undefined until it is recognized. */
  get unit(): TimeUnit | undefined {
    return this.#unit;
  }

  /** Whether a time is far ahead of this clock, as that of a device whose clock was set. */
  isLeap(time: number): boolean {
    return this.#meter.isLeap(time);
  }

  /** Learns from the time of a message that arrived at `now` (ms). Returns the time for `date`; undefined if it is out of range. */
  observe({ time, start, last }: Observation, now: number): MonotonicTime | undefined {
    this.#meter.observe({ time, start, now });
    this.#unit ??= this.#meter.unit(strictness);
    if (this.#unit === undefined) return { counter: time, mapping: this.#mapping };
    let counter = this.#unwrapped(time, now);
    const later = fromMs(last, this.#unit);
    if (!(Math.abs(toMs(counter + later, this.#unit)) <= maxTime)) return undefined;
    if (counter + later < this.#newest.counter && this.#isRestart(time, counter, now)) {
      this.#restart();
      counter = time;
    }
    if (!(counter < this.#newest.counter)) this.#lost = counter - time;
    this.#advance(counter + later, now);
    this.#mapping.observe(toMs(counter + later, this.#unit), now);
    return { counter, mapping: this.#mapping };
  }

  /** Maps the time of an event that arrived at `now` to ms since 1970; undefined while the unit is not known. */
  map(time: number, now: number): number | undefined {
    if (this.#unit === undefined) return undefined;
    const mapped = this.#mapping.map(toMs(this.#unwrapped(time, now), this.#unit));
    return Math.abs(mapped) <= maxTime ? mapped : undefined;
  }

  /** Makes mapped times exceed that of a frame that was dated otherwise, if none was mapped yet. */
  startAfter(time: number): void {
    this.#mapping.startAfter(time);
  }

  /** Maps the time `later` ms after an observed one that arrived at `now`; undefined while the unit is not known. */
  date({ counter, mapping }: MonotonicTime, later: number, now: number): number | undefined {
    return this.#unit === undefined ? undefined : mapping.date(toMs(counter, this.#unit) + later, now);
  }

  /**
   * Returns a time without wraps. The counter has wrapped if it then has advanced as far as the server's clock; a time from
   * before the last wrap is far ahead.
   */
  #unwrapped(time: number, now: number): number {
    const { counter } = this.#newest;
    const unit = this.#unit!;
    const continued = time + this.#lost;
    const [most, least] = this.#passed(now);
    const wrap = wraps.find((size) => {
      const ahead = toMs(continued + size - counter, unit);
      const tolerance = maxLate + most / 1000;
      return (
        counter - this.#lost < size &&
        ahead > least - tolerance &&
        ahead <= most + tolerance &&
        ahead < toMs(size / 2, unit)
      );
    });
    if (wrap !== undefined) return continued + wrap;
    const before = wraps.find((size) => this.#lost >= size && continued > counter + size / 2);
    return before === undefined ? continued : continued - before;
  }

  /** Whether a time before the newest one is of a device that was restarted, rather than of a frame that was sent late. */
  #isRestart(time: number, counter: number, now: number): boolean {
    const unit = this.#unit!;
    if (counter > this.#outage && this.#outage > -Infinity) return false;
    const sinceStart = toMs(time, unit);
    const back = toMs(this.#newest.counter - counter, unit);
    return sinceStart <= this.#passed(now)[0] + maxLate || back > latest;
  }

  /** The most and the least time in ms that has passed since the newest time: messages that arrive together were sent in turn. */
  #passed(now: number): [number, number] {
    const { now: then, before } = this.#newest;
    return [now - (then === now && !Number.isNaN(before) ? before : then), now - then];
  }

  #restart(): void {
    this.#mapping = new ClockMapping(this.#mapping.last);
    this.#newest = { ...this.#newest, counter: NaN };
    this.#outage = -Infinity;
  }

  #advance(counter: number, now: number): void {
    const { counter: newest, now: then, before } = this.#newest;
    if (counter < newest) return;
    if (toMs(counter - newest, this.#unit!) > maxLate) this.#outage = newest;
    this.#newest = { counter, now, before: then === now ? before : then };
  }
}
