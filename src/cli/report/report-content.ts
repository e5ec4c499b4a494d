import { type Block, frameCount, timeOf } from '../../core/blocks/block.ts';
import { AlarmBudget } from '../../core/detector/alarm-budget.ts';
import type { Alarm } from '../../core/detector/detector.ts';
import type { Span } from './envelope.ts';

/** What the report of a detector tells of. */
export interface ReportContent {
  readonly input: string;
  readonly labels: readonly string[];
  /** Hz. */
  readonly rate: number;
  readonly falseAlarms: string;
  readonly alarms: readonly Alarm[];
  readonly trace: ReportTrace;
}

/** What a report draws of a recording: its blocks as they are, with the score of each frame and the one that raises an alarm. */
export class ReportTrace {
  readonly signal: Block[] = [];
  /** [frames, 1]; NaN where nothing was scored. */
  readonly score: Block[] = [];
  /** The score that raises an alarm, [frames, 1]. */
  readonly threshold: Block[] = [];
  readonly #budget: AlarmBudget;

  /** @param between mean frames between two false alarms */
  constructor(between: number) {
    this.#budget = new AlarmBudget(between);
  }

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

  /** When frame `index` was taken, in ms; in gaps too. */
  timeOf(index: number): number {
    return timeOf(this.signal[0], index);
  }

  /** Whether times are of a calendar; before 2 January 1970 they only count from the start. */
  get dated(): boolean {
    return this.timeOf(this.span.from) >= 86_400_000;
  }
}
