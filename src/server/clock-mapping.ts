/** Fastest drift between two clocks: 500 parts per million. */
const maxDrift = 5e-4;
/** Times that stay later than expected by this much, in ms, for `resetAfter`, mean that the device's clock has stopped. */
export const maxLate = 2000;
const resetAfter = 30_000;
/** How far after its arrival, in ms, a frame may be dated while the clock is adjusted. */
const maxAhead = 2000;
/** Smallest difference between the times of two messages, in ms. */
const minStep = 0.001;

/**
 * Maps the clock of a device to the server's clock by the message with the shortest delay,
 *
 *     offset ← min(offset + drift, arrival - time of the newest frame)
 *
 * Mapped times follow this offset at half speed, so that they increase with the times of the device. All times are in ms.
 */
export class ClockMapping {
  #newest = -Infinity;
  /** Least arrival - time, corrected for drift. */
  #offset = NaN;
  /** Since when, and by how much at least, all times were late. */
  #late: { since: number; least: number } | undefined;
  /** The last mapped time, of the device and of the server, and the offset in use. */
  #mapped: { device: number; time: number; offset: number };

  /** @param after time that mapped times exceed */
  constructor(after: number = -Infinity) {
    this.#mapped = { device: -Infinity, time: after, offset: NaN };
  }

  /** Returns a mapping in the same state. */
  copy(): ClockMapping {
    const copy = new ClockMapping();
    copy.#newest = this.#newest;
    copy.#offset = this.#offset;
    copy.#late = this.#late;
    copy.#mapped = this.#mapped;
    return copy;
  }

  /** The last mapped time. */
  get last(): number {
    return this.#mapped.time;
  }

  /** Makes mapped times exceed that of a frame that was dated otherwise, if none was mapped yet. */
  startAfter(time: number): void {
    if (this.#mapped.device === -Infinity) this.#mapped = { ...this.#mapped, time };
  }

  /** Learns from the time of the newest frame of a message that arrived at `now`. */
  observe(device: number, now: number): void {
    const elapsed = this.#newest === -Infinity ? 0 : Math.max(0, device - this.#newest);
    this.#newest = Math.max(this.#newest, device);
    this.#offset = Math.min(Number.isNaN(this.#offset) ? Infinity : this.#offset + maxDrift * elapsed, now - device);
    this.#resetIfStopped(device, now);
  }

  /** Maps a time of the device. */
  map(device: number): number {
    return device + this.#offset;
  }

  /** Maps the time of a frame that arrived at `now`. Mapped times increase, except those of frames that are sent late. */
  date(device: number, now: number): number {
    const before = this.#mapped;
    if (device < before.device) return Math.min(device + before.offset, before.time);
    const step = (device - before.device) / 2;
    const towards = before.offset + Math.max(-step, Math.min(step, this.#offset - before.offset));
    const offset = Number.isNaN(towards) || device + towards > now + maxAhead ? this.#offset : towards;
    const isPlausible = before.time <= now + maxAhead;
    const least = device === before.device ? before.time : isPlausible ? before.time + minStep : -Infinity;
    const time = Math.max(device + offset, least);
    this.#mapped = { device, time, offset };
    return time;
  }

  /** A device whose clock has stopped for a while, such as in sleep, is mapped anew. */
  #resetIfStopped(device: number, now: number): void {
    const delay = now - device;
    if (delay <= this.#offset + maxLate) {
      this.#late = undefined;
      return;
    }
    const { since, least } = this.#late ?? { since: now, least: delay };
    this.#late = { since, least: Math.min(least, delay) };
    if (now - since < resetAfter) return;
    this.#offset = this.#late.least;
    this.#newest = device;
    this.#mapped = { device: -Infinity, time: this.#mapped.time, offset: NaN };
    this.#late = undefined;
  }
}
