import type { Rows } from '../memory/rows.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import { summedFrames } from './error-sums.ts';
import { baselineReach, type ForecastScore } from './forecast-score.ts';
import { FrameHistory, historyMargin } from './frames.ts';
import type { Loss } from './loss.ts';

/** Losses of the outputs that are scored together, passed to the scores in an array because a number may be boxed. */
const losses = new Float64Array(summedFrames);

export interface HeldOutOptions {
  readonly channels: number;
  /** Frames from the frame that an output is aligned with to its target. */
  readonly lead: number;
  /** Number of outputs that are kept. */
  readonly maxOutputs: number;
  /** Returns the input frame that an output is aligned with. */
  readonly alignedFrame: (output: number) => number;
  readonly loss: Loss;
}

/** Absolute frames from `from` to before `to`, the targets of which are scored. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Scores the outputs of weights that were set aside: like `Evaluation`, but without gradients, and several outputs at a time. */
export class HeldOutOutputs {
  /** Error of all scored outputs: the sum of squares, scaled, for the squared loss; otherwise the loss. */
  error = 0;
  /** Number of outputs in `error`. */
  count = 0;
  /** Scores that the outputs are added to. */
  scores: readonly ForecastScore[] = [];
  readonly #options: HeldOutOptions;
  readonly #targets: FrameHistory;
  readonly #outputs: FrameHistory;
  readonly #prediction: Float32Array;
  readonly #gradient: Float32Array;
  readonly #result = { loss: 0 };
  /** The oldest output that has not been scored. */
  #first = 0;

  /** @param targets targets by absolute frame, which the caller adds */
  constructor(options: HeldOutOptions, targets: FrameHistory) {
    const { channels, maxOutputs } = options;
    this.#options = options;
    this.#targets = targets;
    this.#outputs = new FrameHistory(channels, maxOutputs);
    this.#prediction = new Float32Array(channels);
    this.#gradient = new Float32Array(channels);
  }

  /** Discards all outputs, and continues with output `output`. */
  moveTo(output: number): void {
    this.#outputs.moveTo(output);
    this.#first = output;
  }

  /** Adds the next outputs. */
  addOutputs(memory: Float32Array, { at, count, channels, allValid, valid }: Rows): void {
    if (allValid && count <= historyMargin) this.#outputs.pushRows(memory, at, count);
    else for (let i = 0; i < count; i++) this.#outputs.push(memory, at + i * channels, allValid ? 1 : valid[i]);
  }

  /**
   * Scores all valid outputs whose target has been added and is in `window`. `scales`: factors of e² in the error if the loss is
   * squared, otherwise null.
   */
  score({ from, to }: Span, scales: Float64Array | null): void {
    const end = Math.min(this.#targets.next, to);
    while (this.#first < this.#outputs.next) {
      const target = this.#targetOf(this.#first);
      if (target >= this.#targets.next) return;
      const rows = target >= from && target < end ? this.#scorableRows(target, end) : 0;
      if (rows > 0) this.#scoreRows(rows, target, scales);
      this.#first += Math.max(1, rows);
    }
  }

  save(): State {
    const { error, count } = this;
    return { error, count, first: this.#first, outputs: this.#outputs.save(this.#first) };
  }

  restore(state: State): void {
    this.error = numberIn(state, 'error');
    this.count = numberIn(state, 'count');
    this.#first = numberIn(state, 'first');
    this.#outputs.restore(stateIn(state, 'outputs'));
  }

  #targetOf(output: number): number {
    return this.#options.alignedFrame(output) + this.#options.lead;
  }

  /** Frames between the targets of the oldest output and of the next. */
  get #step(): number {
    return this.#targetOf(this.#first + 1) - this.#targetOf(this.#first);
  }

  /**
   * Returns how many outputs from the oldest on, whose target is `first`, can be scored together: they and their targets before `end`
   * are valid, and the targets are equally far apart. 0 if the oldest is not valid.
   */
  #scorableRows(first: number, end: number): number {
    const step = this.#step;
    const most = Math.min(this.#outputs.next - this.#first, summedFrames, Math.ceil((end - first) / step));
    for (let rows = 0; rows < most; rows++) {
      const target = first + rows * step;
      const isNext = this.#targetOf(this.#first + rows) === target;
      if (!isNext || !this.#outputs.hasValid(this.#first + rows) || !this.#targets.hasValid(target)) return rows;
    }
    return most;
  }

  /** Scores the oldest `rows` outputs, all of which are valid, and the first of which has the target `target`. */
  #scoreRows(rows: number, target: number, scales: Float64Array | null): void {
    const { lead } = this.#options;
    const [targets, outputs] = [this.#targets, this.#outputs];
    const step = this.#step;
    for (let i = 0; i < rows; i++) {
      const y = outputs.offset(this.#first + i);
      const d = targets.offset(target + i * step);
      if (scales !== null) this.#addSquares(i, y, d, scales);
      else this.#addLoss(i, y, d);
    }
    this.count += rows;
    const last = target + (rows - 1) * step - lead;
    if (lead === 0 || targets.hasValidRun(last, last - (target - lead) + baselineReach)) {
      const y = outputs.offset(this.#first);
      for (let s = 0; s < this.scores.length; s++)
        this.scores[s].addRows(outputs.data, y, targets, target, step, losses, 0, rows);
    } else for (let i = 0; i < rows; i++) this.#scoreRow(i, target + i * step);
  }

  /** Adds the error of the output at `y`, whose target is at `d`, for the squared loss. */
  #addSquares(i: number, y: number, d: number, scales: Float64Array): void {
    const outputs = this.#outputs.data;
    const targets = this.#targets.data;
    let square = 0;
    let error = 0;
    for (let c = 0; c < scales.length; c++) {
      const e = outputs[y + c] - targets[d + c];
      square += e * e;
      error += e * e * scales[c];
    }
    losses[i] = 0.5 * square;
    this.error += error;
  }

  /** The same for any loss. Replaces the output by the prediction. */
  #addLoss(i: number, y: number, d: number): void {
    const { data } = this.#outputs;
    const prediction = this.#prediction;
    losses[i] = this.#options.loss.measure(data, y, this.#targets.data, d, prediction, this.#gradient);
    for (let c = 0; c < prediction.length; c++) data[y + c] = prediction[c];
    this.error += losses[i];
  }

  /** Scores one output, some of whose baselines are not known. */
  #scoreRow(i: number, target: number): void {
    const at = this.#outputs.offset(this.#first + i);
    for (let c = 0; c < this.#prediction.length; c++) this.#prediction[c] = this.#outputs.data[at + c];
    this.#result.loss = losses[i];
    for (let s = 0; s < this.scores.length; s++)
      this.scores[s].add(this.#prediction, this.#targets, target, this.#result);
  }
}
