import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import type { FeedOutput } from './feed-output.ts';

type BlockOutput = Extract<FeedOutput, { type: 'raw' | 'features' }>;
type Kept = { output: BlockOutput; piece: BacklogSegment } | { output: FeedOutput; piece?: undefined };

/** Bytes of blocks and gaps that a stream keeps: five of them fit into what may wait for a viewer. */
const maxBytes = 192 << 10;
/** What a kept thing costs beside its samples, in bytes. */
const overhead = 256;
/** Marks that are kept. */
const maxMarks = 16;

/**
 * What a stream keeps of its run for viewers that come later, in bounded memory: the newest raw blocks, feature maps and
 * gaps in their order, the newest kernels and loss of every learner, the newest marks.
 */
export class Backlog {
  readonly #kept: Kept[] = [];
  /** The pieces that may grow, by where their blocks come from. */
  readonly #growing = new Map<string, BacklogSegment>();
  readonly #latest = new Map<string, FeedOutput>();
  readonly #marks: FeedOutput[] = [];
  #bytes = 0;

  /** The newest marks. */
  get marks(): readonly FeedOutput[] {
    return this.#marks;
  }

  /** Everything but the marks, as it was told; blocks are put together. */
  get recent(): FeedOutput[] {
    const blocks = this.#kept.map(({ output, piece }) => (piece ? { ...output, block: piece.block } : output));
    return [...blocks, ...this.#latest.values()];
  }

  push(output: FeedOutput): void {
    if (output.type === 'raw' || output.type === 'features') this.#append(output);
    else if (output.type === 'gap') {
      this.#growing.clear();
      this.#keep({ output });
    } else if (output.type === 'kernels' || output.type === 'loss')
      this.#latest.set(`${output.type} ${output.learner}`, output);
    else if (output.type === 'mark') {
      this.#marks.push(output);
      if (this.#marks.length > maxMarks) this.#marks.shift();
    } else if (output.type === 'run') this.#clear();
  }

  #append(output: BlockOutput): void {
    const from = output.type === 'raw' ? 'raw' : `map ${output.map}`;
    if (this.#growing.get(from)?.append(output.block)) return;
    const piece = new BacklogSegment(output.block);
    this.#growing.set(from, piece);
    this.#keep({ output, piece });
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += sizeOf(kept);
    while (this.#bytes > maxBytes) {
      const oldest = this.#kept.shift();
      if (!oldest) break;
      this.#bytes -= sizeOf(oldest);
      for (const [from, piece] of this.#growing) if (piece === oldest.piece) this.#growing.delete(from);
    }
  }

  #clear(): void {
    this.#kept.length = 0;
    this.#growing.clear();
    this.#latest.clear();
    this.#marks.length = 0;
    this.#bytes = 0;
  }
}

function sizeOf({ piece }: Kept): number {
  return overhead + (piece?.bytes ?? 0);
}

/** Bytes of samples that frames are put together up to. */
const segmentBytes = 4 << 10;
/** Ms by which the times of blocks may differ from the clock of the first. */
const slack = 100;

/** Blocks that follow on one another, put together as they come, in memory that is taken at once. */
export class BacklogSegment {
  /** What it takes, in bytes. */
  readonly bytes: number;
  readonly #first: Block;
  readonly #data: Float32Array;
  readonly #valid: Uint8Array;
  #frames = 0;
  #whole = true;

  constructor(first: Block) {
    const { channels, rate } = first;
    const frames = Math.max(frameCount(first), rate > 0 ? Math.floor(segmentBytes / (4 * channels)) : 0);
    this.#first = first;
    this.#data = new Float32Array(frames * channels);
    this.#valid = new Uint8Array(frames).fill(1);
    this.bytes = this.#data.byteLength + this.#valid.byteLength;
    this.#add(first);
  }

  /** Takes a block that follows; false: it does not, or there is no room. */
  append(block: Block): boolean {
    const { channels, rate, start } = this.#first;
    const follows = rate > 0 && block.rate === rate && block.channels === channels;
    const fits = (this.#frames + frameCount(block)) * channels <= this.#data.length;
    if (!follows || !fits || block.start !== start + this.#frames) return false;
    if (Math.abs(block.time - timeOf(this.#first, block.start)) > slack) return false;
    this.#add(block);
    return true;
  }

  /** All of it as one block, which later frames leave as it is. */
  get block(): Block {
    const data = this.#data.subarray(0, this.#frames * this.#first.channels);
    const valid = this.#whole ? undefined : this.#valid.subarray(0, this.#frames);
    return { ...this.#first, data, valid };
  }

  #add({ data, valid, channels }: Block): void {
    this.#data.set(data, this.#frames * channels);
    if (valid) {
      this.#valid.set(valid, this.#frames);
      this.#whole = false;
    }
    this.#frames += data.length / channels;
  }
}
