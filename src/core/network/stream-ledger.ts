import { invalid } from '../check.ts';
import type { Rows } from '../memory/rows.ts';
import { numberIn, type State } from '../state/state.ts';

/** What a stream is held to. */
export interface LedgerOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** The most outputs that one frame brings. */
  readonly maxOutputsPerFrame: number;
  readonly gradients: boolean;
  readonly maxPending: number;
}

const none = new Uint8Array(0);

/** What a stream has taken and given, what it still owes, and what it must therefore refuse. */
export class StreamLedger {
  /** Frames taken so far: the absolute index of the next one. */
  index = 0;
  /** Outputs that wait for their gradient. */
  pending = 0;
  /** Input frames whose gradient has not been handed out. */
  open = 0;
  /** Whether the source has ended, and whether the memory was given back. */
  ended = false;
  closed = false;
  readonly #options: LedgerOptions;
  /** Outputs of the last call, and their validity unless all are valid. */
  #outputCount = 0;
  #valid: Uint8Array | null = null;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Validity of the outputs of the last call. */
  get valid(): Uint8Array {
    return this.#valid ?? (this.#outputCount === 0 ? none : new Uint8Array(this.#outputCount).fill(1));
  }

  /** Whether `frames` more can be taken, as far as can be told at once. */
  accepts(frames: number): boolean {
    const { gradients, maxOutputsPerFrame: burst, maxPending } = this.#options;
    if (this.ended || this.closed || frames !== Math.floor(frames)) return false;
    return !gradients || this.pending + frames * burst <= maxPending;
  }

  /** Throws the sentence that says why a block that would bring `outputs` is refused; returns where it need not be. */
  reject({ length }: ArrayLike<number>, frames: number, outputs: number): void {
    const { inChannels, gradients, maxPending } = this.#options;
    if (!Number.isInteger(frames)) throw invalid('x.length', `a multiple of its ${inChannels} channels`, length);
    if (this.closed) throw new TypeError('stream must be open, got a closed one');
    if (this.ended && frames > 0) throw new RangeError(`frames pushed after flush must be 0, got ${frames}`);
    const pending = this.pending + outputs;
    if (gradients && pending > maxPending)
      throw invalid('outputs that wait for a gradient', `<= maxPending = ${maxPending}`, pending);
  }

  /** The rows of gradients for the oldest outputs; throws where they do not fit. */
  gradientRows({ length }: ArrayLike<number>): number {
    const { outChannels } = this.#options;
    const rows = length / outChannels;
    if (!Number.isInteger(rows)) throw invalid('gradY.length', `a multiple of ${outChannels} channels`, length);
    if (rows > this.pending) throw invalid('frames of gradY', `<= the ${this.pending} outputs that wait`, rows);
    return rows;
  }

  /** Counts what `frames` input frames have brought. */
  countPush(top: Rows, frames: number): void {
    this.index += frames;
    this.#outputCount = top.count;
    this.#valid = top.allValid ? null : top.valid.slice(0, top.count);
    if (!this.#options.gradients) return;
    this.open += frames;
    this.pending += top.count;
  }

  /** Counts one frame that brought `came` valid outputs, which it returns. */
  countStep(came: number): number {
    this.index++;
    this.#outputCount = came;
    this.#valid = null;
    return came;
  }

  /** Counts `frames` that brought outputs of this validity beside those counted. */
  countSkipped(frames: number, valid: Uint8Array): void {
    this.index += frames;
    this.#outputCount = valid.length;
    this.#valid = valid;
  }

  save(): State {
    const { index, pending, open, ended } = this;
    return { index, pending, open, ended: Number(ended) };
  }

  restore(state: State): void {
    this.index = numberIn(state, 'index');
    this.pending = numberIn(state, 'pending');
    this.open = numberIn(state, 'open');
    this.ended = numberIn(state, 'ended') === 1;
  }
}
