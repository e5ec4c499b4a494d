import { checkBlock, frameCount, timeOf, type Block } from './block.ts';
import { piecesOf } from './cut-block.ts';
import { integer, oneOf } from '../check.ts';
import { floatsIn, numberIn, type State } from '../state/state.ts';

/**
 * How missing frames are replaced: `zero` = zeros, `hold` = the last finite sample, `linear` = linear interpolation to the
 * next sample, `none` = not at all.
 */
export type GapPolicy = 'zero' | 'hold' | 'linear' | 'none';

const policies: readonly GapPolicy[] = ['zero', 'hold', 'linear', 'none'];

/** Options of a `GapFiller`. */
export interface GapFillerOptions {
  /**
   * `zero`: zeros. `hold`: the last finite sample. `linear`: linear interpolation to the next sample. `none`: gaps are
   * not filled. Default `hold`.
   */
  policy?: GapPolicy;
  /** The longest gap that is filled, in frames. A longer gap stays a jump of `start`. Default 1000. */
  max?: number;
}

/**
 * Fills the gaps in a stream of blocks. A jump of `start` gives the exact number of missing frames; they become a block
 * of their own with validity 0. Frames that were already received (`start` lower than expected) are removed. Before the
 * first finite sample, `hold` gives 0. `linear` acts like `hold` if one end of the line is missing. A change of channels
 * or rate resets the filler.
 */
export class GapFiller {
  readonly policy: GapPolicy;
  readonly max: number;
  #expected = -1;
  #channels = 0;
  #rate = 0;
  #last = new Float32Array(0);

  constructor({ policy = 'hold', max = 1000 }: GapFillerOptions = {}) {
    this.policy = oneOf('policy', policy, policies);
    this.max = integer('max', max, 0);
  }

  /**
   * Adds a block. Returns the block that fills the gap before it, if any, and then the block without repeated frames.
   */
  push(block: Block): Block[] {
    return Array.from(this.pieces(block, Infinity));
  }

  /**
   * Adds a block, and returns what `push` returns in pieces of at most `count` frames. The next block can be added after the
   * last piece.
   */
  *pieces(block: Block, count: number): Generator<Block, void, void> {
    checkBlock(block);
    if (frameCount(block) === 0) return;
    if (block.channels !== this.#channels || block.rate !== this.#rate) this.#restart(block);
    const fresh = framesFrom(block, this.#expected);
    if (!fresh) return;
    const missing = this.#expected < 0 ? 0 : fresh.start - this.#expected;
    if (missing > 0 && missing <= this.max && this.policy !== 'none')
      for (let from = 0; from < missing; from += count)
        yield this.#fill(fresh, missing, from, Math.min(count, missing - from));
    yield* piecesOf(fresh, count);
    this.#expected = fresh.start + frameCount(fresh);
    this.#updateLast(fresh.data);
  }

  save(): State {
    return { expected: this.#expected, channels: this.#channels, rate: this.#rate, last: this.#last.slice() };
  }

  restore(state: State): void {
    this.#expected = numberIn(state, 'expected');
    this.#channels = numberIn(state, 'channels');
    this.#rate = numberIn(state, 'rate');
    this.#last = floatsIn(state, 'last', this.#channels).slice();
  }

  #restart({ channels, rate }: Block): void {
    this.#expected = -1;
    this.#channels = channels;
    this.#rate = rate;
    this.#last = new Float32Array(channels).fill(NaN);
  }

  /** Returns `count` of `missing` frames, from frame `first` of the gap. */
  #fill(next: Block, missing: number, first: number, count: number): Block {
    const { channels } = next;
    const data = new Float32Array(count * channels);
    for (let c = 0; c < channels && this.policy !== 'zero'; c++) {
      const from = Number.isFinite(this.#last[c]) ? this.#last[c] : 0;
      const line = this.policy === 'linear' && Number.isFinite(next.data[c]) && Number.isFinite(this.#last[c]);
      const slope = line ? (next.data[c] - from) / (missing + 1) : 0;
      for (let i = 0; i < count; i++) data[i * channels + c] = from + slope * (first + i + 1);
    }
    const start = this.#expected + first;
    return { ...next, data, start, time: timeOf(next, start), valid: new Uint8Array(count) };
  }

  #updateLast(data: Float32Array): void {
    const channels = this.#channels;
    for (let c = 0; c < channels; c++)
      for (let i = data.length - channels + c; i >= 0; i -= channels)
        if (Number.isFinite(data[i])) {
          this.#last[c] = data[i];
          break;
        }
  }
}

/** Returns the frames of `block` from absolute index `from`, or undefined if there are none. */
function framesFrom(block: Block, from: number): Block | undefined {
  const old = from - block.start;
  if (old <= 0) return block;
  if (old >= frameCount(block)) return undefined;
  const data = block.data.slice(old * block.channels);
  const cut: Block = { ...block, data, start: from, time: timeOf(block, from) };
  return block.valid ? { ...cut, valid: block.valid.slice(old) } : cut;
}
