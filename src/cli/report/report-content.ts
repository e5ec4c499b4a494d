import { frameCount, timeOf, type Block } from '../../core/blocks/block.ts';
import { AlarmBudget } from '../../core/detector/alarm-budget.ts';
import type { Alarm } from '../../core/detector/detector.ts';
import type { Span } from './envelope.ts';

/** The content of a detector report. */
export interface ReportContent {
  /** Path of the recording. */
  readonly input: string;
  readonly labels: readonly string[];
  /** Hz. */
  readonly rate: number;
  /** The accepted false-alarm rate in words. */
  readonly falseAlarms: string;
  readonly alarms: readonly Alarm[];
  readonly trace: ReportTrace;
}

/** The lines of a report: the blocks of a recording, the score of each frame, and the score that raises an alarm. */
export class ReportTrace {
  readonly signal: Block[] = [];
  /** [frames, 1]; NaN where there is no score. */
  readonly score: Block[] = [];
  /** The score that raises an alarm, [frames, 1]. */
  readonly threshold: Block[] = [];
  readonly #budget: AlarmBudget;

  /** @param interval mean number of frames between two false alarms */
  constructor(interval: number) {
    this.#budget = new AlarmBudget(interval);
  }

  /** Adds a block and its scores. */
  push(block: Block, { data, valid }: Block): void {
    const scores = data.map((score, t) => (valid?.[t] === 0 || score === 0 ? NaN : score));
    const thresholds = data.map((score, t) => {
      const { threshold } = this.#budget;
      if (valid?.[t] !== 0) this.#budget.push(score);
      return threshold;
    });
    this.signal.push(block);
    this.score.push({ ...block, data: scores, channels: 1 });
    this.threshold.push({ ...block, data: thresholds, channels: 1 });
  }

  /** From the first frame to the last. */
  get span(): Span {
    const [first, last] = [this.signal[0], this.signal[this.signal.length - 1]];
    return { from: first.start, to: last.start + frameCount(last) };
  }

  /** The time of frame `index` in ms, also in gaps. */
  timeOf(index: number): number {
    return timeOf(this.signal[0], index);
  }

  /** Whether times are calendar times. Times before 2 January 1970 count from the start of the recording. */
  get dated(): boolean {
    return this.timeOf(this.span.from) >= 86_400_000;
  }
}
