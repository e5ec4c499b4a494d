import type { RecordedMark } from '../recording.ts';
import type { RecordTimes } from './record-times.ts';

/** An event in s since the start of a file. */
export interface TimedEvent {
  readonly onset: number;
  /** 0 for an instant. */
  readonly duration: number;
  readonly text: string;
}

/** Converts seconds since the start of a file in records to the frames and the clock of the recording. */
export class RecordClock {
  /** Time of frame 0 in ms. */
  readonly start: number;
  readonly #records: Pick<RecordTimes, 'onsets' | 'starts'>;
  readonly #clock: number;
  readonly #begin: number;
  /** ms per second of the file: not 1000 if the option `rate` differs from the rate of the file. */
  readonly #scale: number;

  /**
   * @param records where the records are; none if the file has no frames, which starts at the start in its header
   * @param clock frames per second of the file
   * @param rate sampling rate of the recording in Hz
   * @param time start of the file in ms; undefined if unknown
   */
  constructor(records: Pick<RecordTimes, 'onsets' | 'starts'>, clock: number, rate: number, time: number | undefined) {
    this.#records = records;
    this.#clock = clock;
    this.#begin = records.onsets.at(0) ?? 0;
    this.#scale = (1000 * clock) / rate;
    this.start = time === undefined ? 0 : time + this.#begin * 1000;
  }

  /** The time in ms of a time in s. */
  timeOf(seconds: number): number {
    return this.start + (seconds - this.#begin) * this.#scale;
  }

  /** The mark of an event. */
  markOf({ onset, duration, text }: TimedEvent): RecordedMark {
    const frames = Math.round(duration * this.#clock);
    return {
      at: this.#frameAt(onset),
      time: this.timeOf(onset),
      label: text,
      ...(frames > 0 && { frames }),
      ...(duration > 0 && { duration: duration * this.#scale }),
    };
  }

  #frameAt(seconds: number): number {
    const { onsets, starts } = this.#records;
    let [low, high] = [0, onsets.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (onsets[middle] <= seconds) low = middle + 1;
      else high = middle;
    }
    const record = Math.max(0, low - 1);
    const frame = (starts.at(record) ?? 0) + Math.round((seconds - (onsets.at(record) ?? 0)) * this.#clock);
    return Math.min(frame, starts.at(record + 1) ?? Infinity);
  }
}
