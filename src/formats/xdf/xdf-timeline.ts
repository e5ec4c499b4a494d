import { FrameCollector } from '../frame-collector.ts';
import { MissingRateError, type ReadOptions } from '../recording.ts';
import { defaultMaxGap } from '../segments.ts';
import { removeJitter, replaceWild, synchronize, type Segments } from './xdf-clock.ts';
import type { XdfStream } from './xdf-stream.ts';

/** Frames below which the measured rate does not replace the nominal one. */
const measuredFrames = 100;

/** The times of the frames of a stream. Breaks of a regular stream are gaps, or new segments if they are too long or go back. */
export class XdfTimeline {
  /** Sampling rate in Hz. */
  readonly rate: number;
  readonly rateSource: 'options' | 'header' | 'times';
  readonly notes: readonly string[];
  /** Places of the first frames of later segments. */
  readonly #segments: ReadonlySet<number>;
  /** Timestamps in s by the clock of the recorder. */
  readonly #stamps: Float64Array;
  /** Places of frames after a break, and the indexes that are skipped before them. */
  readonly #gaps: ReadonlyMap<number, number>;
  /** Accepted difference between the time of a frame and its timestamp in ms. */
  readonly #tolerance: number;

  constructor(stream: XdfStream, { rate: given, maxGap = defaultMaxGap }: ReadOptions) {
    const stamps = stream.stamps();
    synchronize(stamps, stream.offsets);
    this.#stamps = stamps;
    const regular = stream.rate > 0;
    const wild = regular ? replaceWild(stamps, stream.rate) : 0;
    const segments: Segments =
      regular && !stream.canDrop ? removeJitter(stamps, stream.rate) : { ranges: [[0, stamps.length]], rate: NaN };
    const backwards = stamps.reduce((count, stamp, i) => count + (i > 0 && stamp < stamps[i - 1] ? 1 : 0), 0);
    const deviates = stamps.length >= measuredFrames && Math.abs(segments.rate / stream.rate - 1) > 0.01;
    const measured = Number(segments.rate.toPrecision(6));
    const rate = given ?? (regular ? (deviates ? measured : stream.rate) : 1 / medianStep(stamps));
    if (!(rate > 0 && rate < Infinity))
      throw new MissingRateError(`the timestamps of the stream '${stream.name}' do not determine the sampling rate.`);
    this.rate = rate;
    this.rateSource = given !== undefined ? 'options' : regular && !deviates ? 'header' : 'times';
    this.#tolerance = given !== undefined && regular ? Infinity : regular ? 0.25 : 1e-3;
    const breaks = segments.ranges.slice(1).map(([first]) => {
      const seconds = stamps[first] - stamps[first - 1];
      const isSegment = seconds < 0 || seconds > maxGap;
      return { first, isSegment, skipped: isSegment ? 1 : Math.max(0, Math.round(seconds * rate) - 1) };
    });
    this.#gaps = new Map(breaks.map(({ first, skipped }) => [first, skipped]));
    this.#segments = new Set(breaks.filter(({ isSegment }) => isSegment).map(({ first }) => first));
    this.notes = [
      ...(regular || stamps.length < 2
        ? []
        : [
            `The stream '${stream.name}' is irregular. Each frame keeps its own time; ${Number(rate.toPrecision(3))} Hz is assumed where a sampling rate is needed.`,
          ]),
      ...(deviates && given === undefined
        ? [
            `The stream '${stream.name}' has a nominal rate of ${stream.rate} Hz, but its timestamps imply ${measured} Hz, which is used.`,
          ]
        : []),
      ...(wild > 0
        ? [`Timestamps of the stream '${stream.name}' that the next ones contradict are ignored: ${wild}.`]
        : []),
      ...(backwards > 0 ? [`The time of the stream '${stream.name}' goes back ${backwards} times.`] : []),
    ];
  }

  /** The time in ms since frame 0 of a time in s. A given sampling rate determines the clock of a regular stream. */
  millisecondsAt(time: number): number {
    return this.#tolerance === Infinity ? (this.frameAt(time) * 1000) / this.rate : (time - this.#stamps[0]) * 1000;
  }

  /** Collects the frames of the stream. @param start time of frame 0 in ms */
  collect(stream: XdfStream, columns: readonly number[], start: number): FrameCollector {
    const frames = new FrameCollector(columns.length, this.rate, start);
    const { length: channels } = stream.channels;
    const frame = new Float32Array(columns.length);
    let index = 0;
    for (const piece of stream.pieces)
      for (let from = 0; from < piece.length; from += channels, index++) {
        const time = start + (this.#stamps[index] - this.#stamps[0]) * 1000;
        if (this.#segments.has(index)) frames.startSegment(time);
        else frames.skip(this.#gaps.get(index) ?? 0);
        frames.setClock(time, this.#tolerance);
        for (const [i, column] of columns.entries()) frame[i] = piece[from + column];
        frames.add(frame);
      }
    return frames;
  }

  /** The unrounded index of the frame at a time in s. */
  frameAt(time: number): number {
    const stamps = this.#stamps;
    let [low, high] = [0, stamps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (stamps[middle] <= time) low = middle + 1;
      else high = middle;
    }
    const before = Math.max(0, low - 1);
    const lost = [...this.#gaps].reduce((sum, [first, count]) => sum + (first <= before ? count : 0), 0);
    const step = low > 0 && low < stamps.length && !this.#gaps.has(low) ? stamps[low] - stamps[before] : 1 / this.rate;
    return before + lost + (time - stamps[before]) / step;
  }
}

function medianStep(stamps: Float64Array): number {
  const steps = stamps.subarray(1).map((stamp, i) => stamp - stamps[i]);
  return steps.sort().at(steps.length >> 1) ?? NaN;
}
