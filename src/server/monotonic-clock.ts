import { fromMs, toMs, type TimeUnit, unitByProgress } from '../core/blocks/time-unit.ts';

/** Time of a message: that of its first frame as sent, the index of that frame, and how much later its last frame is. */
interface Observation {
  readonly time: number;
  readonly start: number;
  /** In ms. */
  readonly last: number;
}

/** Values after which the counters of devices start again at 0: millis() and micros(), ticks_ms() of MicroPython. */
const wraps: readonly number[] = [2 ** 32, 2 ** 30];
/** Fastest drift between two clocks: 500 parts per million. */
const maxDrift = 5e-4;
/** Times that stay later than expected by this much, in ms, for `resetAfter`, mean that the device's clock has stopped. */
const maxLate = 2000;
const resetAfter = 30_000;
/** How far after its arrival, in ms, a frame may be dated while the clock is adjusted. */
const maxAhead = 2000;
/** Least time, in s, over which the unit of an irregular stream is measured. */
const minMeasured = 1;
/** Smallest difference between the times of two messages, in ms. */
const minStep = 0.001;

/**
 * A clock that does not count from 1970, such as seconds since the device was started. Its unit is recognized from its
 * progress: over the frames of a stream with a sampling rate, otherwise over the arrivals. It is mapped to the server's clock
 * by the message with the shortest delay,
 *
 *     offset ← min(offset + drift, arrival - time of the newest frame)
 *
 * and the mapping follows this offset at half speed, so that mapped times increase with the times of the device. The counter
 * may wrap at 2^32 or 2^30, and a device that was restarted is mapped anew.
 */
export class MonotonicClock {
  readonly #rate: number;
  #unit: TimeUnit | undefined;
  #first: (Observation & { now: number }) | undefined;
  /** The newest time and its arrival, and how much the counter has lost by wrapping. */
  #newest = { time: NaN, now: NaN, lost: 0 };
  /** Least arrival - time in ms, corrected for drift. */
  #offset = NaN;
  /** Since when, and by how much at least, all times were late. */
  #late: { since: number; least: number } | undefined;
  /** The last mapped time, in ms of the device and since 1970, and the offset in use. */
  #mapped = { device: NaN, time: -Infinity, offset: NaN };

  /** @param rate sampling rate in Hz; 0 = irregular */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Returns a clock in the same state. */
  copy(): MonotonicClock {
    const copy = new MonotonicClock(this.#rate);
    copy.#unit = this.#unit;
    copy.#first = this.#first;
    copy.#newest = { ...this.#newest };
    copy.#offset = this.#offset;
    copy.#late = this.#late;
    copy.#mapped = { ...this.#mapped };
    return copy;
  }

  /** The unit; undefined until it is recognized. */
  get unit(): TimeUnit | undefined {
    return this.#unit;
  }

  /** Learns from the time of a message that arrived at `now` (ms). */
  observe(observed: Observation, now: number): void {
    const { time } = observed;
    if (!this.#first || (this.#unit === undefined && time < this.#newest.time)) this.#first = { ...observed, now };
    this.#unit ??= this.#measured(observed, now);
    if (this.#unit === undefined) {
      this.#newest = { time, now, lost: 0 };
      return;
    }
    const newest = time + fromMs(observed.last, this.#unit);
    if (newest < this.#newest.time) this.#goBack(newest, this.#unit, now);
    const device = this.#device(newest, this.#unit);
    const elapsed = Math.max(0, device - this.#device(this.#newest.time, this.#unit)) || 0;
    this.#newest = { ...this.#newest, time: newest, now };
    this.#offset = Math.min(Number.isNaN(this.#offset) ? Infinity : this.#offset + maxDrift * elapsed, now - device);
    this.#resetIfStopped(now - device, now);
  }

  /** Maps a time of the device to ms since 1970; undefined while the unit is not known. */
  map(time: number): number | undefined {
    return this.#unit === undefined ? undefined : this.#device(time, this.#unit) + this.#offset;
  }

  /** Maps the time `later` ms after that of a message that arrived at `now`; mapped times increase. */
  date(time: number, later: number, now: number): number | undefined {
    if (this.#unit === undefined) return undefined;
    const device = this.#device(time, this.#unit) + later;
    const before = this.#mapped;
    const step = Math.abs(device - before.device) / 2;
    const towards = before.offset + Math.max(-step, Math.min(step, this.#offset - before.offset));
    const offset = Number.isNaN(towards) || device + towards > now + maxAhead ? this.#offset : towards;
    const least = device === before.device ? before.time : before.time + minStep;
    const mapped = Math.max(device + offset, least);
    this.#mapped = { device, time: mapped, offset };
    return mapped;
  }

  /** Converts a time of the device to ms, without wraps. */
  #device(time: number, unit: TimeUnit): number {
    return toMs(time + this.#newest.lost, unit);
  }

  /** The counter has wrapped if it advanced as far as the server's clock; otherwise the device was restarted. */
  #goBack(time: number, unit: TimeUnit, now: number): void {
    const { time: before, now: then, lost } = this.#newest;
    const passed = now - then;
    const wrap = wraps.find(
      (size) => before < size && Math.abs(toMs(time + size - before, unit) - passed) <= 1000 + passed / 5,
    );
    this.#newest = { time: NaN, now, lost: wrap === undefined ? 0 : lost + wrap };
    if (wrap !== undefined) return;
    this.#offset = NaN;
    this.#late = undefined;
    this.#mapped = { ...this.#mapped, device: NaN, offset: NaN };
  }

  /** A device whose clock has stopped for a while, such as in sleep, is mapped anew. */
  #resetIfStopped(delay: number, now: number): void {
    if (delay <= this.#offset + maxLate) {
      this.#late = undefined;
      return;
    }
    const { since, least } = this.#late ?? { since: now, least: delay };
    this.#late = { since, least: Math.min(least, delay) };
    if (now - since < resetAfter) return;
    this.#offset = this.#late.least;
    this.#mapped.offset = NaN;
    this.#late = undefined;
  }

  #measured({ time, start }: Observation, now: number): TimeUnit | undefined {
    const first = this.#first!;
    const elapsed = time - first.time;
    if (!(elapsed > 0)) return undefined;
    const bySamples = this.#rate > 0 ? unitByProgress(elapsed, (start - first.start) / this.#rate, twofold) : undefined;
    const seconds = (now - first.now) / 1000;
    return bySamples ?? (seconds >= minMeasured ? unitByProgress(elapsed, seconds, twofold) : undefined);
  }
}

const twofold = { slowest: 0.5, fastest: 2 };
