import { frameCount, type Block } from '../../core/blocks/block.ts';

/** Samples of one channel in numbers, and as a line of characters. */
export interface ChannelSummary {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  /** Samples that are not numbers. */
  readonly missing: number;
  /** Means over equal spans of the recording; a space where all samples are missing. */
  readonly sparkline: string;
}

/** Summarizes each channel in one pass over the blocks. `width`: length of the sparkline, at most one character per frame. */
export function summarize(blocks: readonly Block[], channels: number, width: number): ChannelSummary[] {
  const first = blocks.at(0)?.start ?? 0;
  const last = blocks.at(-1);
  const frames = last ? last.start + frameCount(last) - first : 0;
  const spans = Math.min(width, frames);
  const summaries = Array.from({ length: channels }, () => new Summary(spans));
  for (const { data, start, channels: step, valid } of blocks)
    for (let at = 0, frame = start - first, i = 0; at < data.length; frame++, i++) {
      const span = Math.floor((frame * spans) / frames);
      for (let c = 0; c < step; c++) summaries[c].add(valid?.[i] === 0 ? NaN : data[at + c], span);
      at += step;
    }
  return summaries.map((summary) => summary.end());
}

class Summary {
  #min = Infinity;
  #max = -Infinity;
  #missing = 0;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  constructor(spans: number) {
    this.#sums = new Float64Array(spans);
    this.#counts = new Float64Array(spans);
  }

  add(sample: number, span: number): void {
    if (!Number.isFinite(sample)) {
      this.#missing++;
      return;
    }
    if (sample < this.#min) this.#min = sample;
    if (sample > this.#max) this.#max = sample;
    this.#sums[span] += sample;
    this.#counts[span]++;
  }

  end(): ChannelSummary {
    const [sum, count] = [this.#sums, this.#counts].map((each) => each.reduce((all, one) => all + one, 0));
    const known = count > 0;
    return {
      min: known ? this.#min : NaN,
      mean: sum / count,
      max: known ? this.#max : NaN,
      missing: this.#missing,
      sparkline: sparkline(this.#sums.map((each, span) => each / this.#counts[span])),
    };
  }
}

const levels = '▁▂▃▄▅▆▇█';

/** Numbers as bars of eight heights, from the smallest to the largest number; NaN is a space. */
export function sparkline(numbers: ArrayLike<number>): string {
  const known = Array.from(numbers).filter((number) => !Number.isNaN(number));
  const [min, max] = [Math.min(...known), Math.max(...known)];
  const level = (number: number) =>
    max > min ? Math.min(levels.length - 1, Math.floor(((number - min) / (max - min)) * levels.length)) : 0;
  return Array.from(numbers, (number) => (Number.isNaN(number) ? ' ' : levels[level(number)])).join('');
}
