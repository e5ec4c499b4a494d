import type { AlarmManager, AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { AlarmReporter } from '../core/alarms/alarm-reporter.ts';
import { frameCount, type Block } from '../core/blocks/block.ts';
import type { DetectorOptions } from '../core/detector/detector.ts';
import { DigestedDetector } from '../core/detector/digested-detector.ts';
import type { State } from '../core/state/state.ts';
import { maxTime } from '../protocol/limits.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';

/** Number of frames before a detector's first score. */
const startUpFrames = 180;

/** The anomaly detector of one run of a stream: monitors its first channels as frames arrive. */
export class FeedDetector {
  /** Shape of the monitored stream; a saved state can be restored only into a detector of the same shape. */
  readonly shape: string;
  readonly #detector: DigestedDetector;
  readonly #reporter: AlarmReporter;
  readonly #channels: number;
  /** Number of detector frames processed, in this run or before. */
  #processed = 0;

  /** @param monitored number of channels to monitor */
  constructor(book: AlarmManager, info: StreamInfo, monitored: number, options: DetectorOptions) {
    const { name, rate, run } = info;
    const labels = info.channels.slice(0, monitored).map(({ label }) => label);
    const { falseAlarms, reference } = options;
    const byTime = rate > 0 || typeof falseAlarms === 'number';
    this.#channels = labels.length;
    this.#detector = new DigestedDetector(labels.length, rate, {
      falseAlarms: byTime ? falseAlarms : undefined,
      reference,
      digest: 'auto',
    });
    this.#reporter = new AlarmReporter(book, { name, labels, rate, run }, this.#detector.every);
    this.shape = JSON.stringify([info.channels.slice(0, monitored), rate, reference]);
  }

  /** Whether the state is worth saving: true once the detector has produced scores. */
  get learned(): boolean {
    return this.#processed >= startUpFrames;
  }

  /** @param now arrival time of the block in ms */
  push(block: Block, now: number): AlarmEvent[] {
    this.#processed += frameCount(block) / this.#detector.every;
    const end = block.start + frameCount(block) - 1;
    const when = (index: number) =>
      block.rate > 0 ? Math.max(-maxTime, now - ((end - index) * 1000) / block.rate) : now;
    return this.#detector
      .push(this.#select(block))
      .detected.flatMap((detected) => this.#reporter.report(detected, when));
  }

  save(): State {
    return this.#detector.save();
  }

  restore(state: State): void {
    this.#detector.restore(state);
    this.#detector.renumber();
    this.#processed = startUpFrames;
  }

  /** Returns the monitored channels. A frame with missing samples is invalid, but its other samples are used. */
  #select(block: Block): Block {
    const { channels } = block;
    const frames = frameCount(block);
    const selected = this.#channels;
    const data = new Float32Array(frames * selected);
    const valid = block.valid?.slice();
    for (let t = 0; t < frames; t++) {
      const frame = block.data.subarray(t * channels, (t + 1) * channels);
      data.set(frame.subarray(0, selected), t * selected);
      if (valid && frame.some(Number.isNaN)) valid[t] = 1;
    }
    return { ...block, data, channels: selected, ...(valid && { valid }) };
  }
}
