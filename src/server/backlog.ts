import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import type { FeedOutput } from './feed-output.ts';

type BlockOutput = Extract<FeedOutput, { type: 'raw' | 'features' }>;
type Item = { output: BlockOutput; segment: BacklogSegment } | { output: FeedOutput; segment?: undefined };

/** Size in bytes of the blocks and gaps that a stream keeps: a fifth of a viewer's queue. */
const maxBytes = 192 << 10;
/** Size in bytes that an item is counted with, in addition to its samples. */
const overhead = 256;
/** Maximum number of marks that are kept. */
const maxMarks = 16;

/**
 * The recent outputs of a run for viewers that subscribe later, in bounded memory: the newest raw blocks, feature maps, and
 * gaps in order, the newest kernels and loss of every learner, and the newest marks.
 */
export class Backlog {
  readonly #kept: Item[] = [];
  /** Segments that can grow, by the source of their blocks. */
  readonly #growing = new Map<string, BacklogSegment>();
  readonly #latest = new Map<string, FeedOutput>();
  readonly #marks: FeedOutput[] = [];
  /** A segment that is no longer kept, whose memory the next one can use. */
  #spare: BacklogSegment | undefined;
  #bytes = 0;

  /** The newest marks. */
  get marks(): readonly FeedOutput[] {
    return this.#marks;
  }

  /** All outputs except marks, in order; consecutive blocks are joined. */
  get recent(): FeedOutput[] {
    const blocks = this.#kept.map(({ output, segment }) => (segment ? { ...output, block: segment.block } : output));
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
    const segment = new BacklogSegment(output.block, this.#spare);
    this.#spare = undefined;
    this.#growing.set(from, segment);
    this.#keep({ output, segment });
  }

  #keep(kept: Item): void {
    this.#kept.push(kept);
    this.#bytes += sizeOf(kept);
    while (this.#bytes > maxBytes) {
      const oldest = this.#kept.shift();
      if (!oldest) break;
      this.#bytes -= sizeOf(oldest);
      for (const [from, segment] of this.#growing) if (segment === oldest.segment) this.#growing.delete(from);
      this.#spare = oldest.segment ?? this.#spare;
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

function sizeOf({ segment }: Item): number {
  return overhead + (segment?.bytes ?? 0);
}

/** Size in bytes up to which blocks are joined into a segment. */
const segmentBytes = 4 << 10;
/** Tolerance, in ms, of the times of joined blocks relative to the clock of the first. */
const slack = 100;

/** Consecutive blocks, joined as they arrive in memory that is allocated once. */
export class BacklogSegment {
  /** Allocated size in bytes. */
  readonly bytes: number;
  readonly #first: Block;
  readonly #data: Float32Array;
  readonly #valid: Uint8Array;
  #frames = 0;
  #allValid = true;

  /** @param spare a segment that is no longer used */
  constructor(first: Block, spare?: BacklogSegment) {
    const { channels, rate } = first;
    const frames = Math.max(frameCount(first), rate > 0 ? Math.floor(segmentBytes / (4 * channels)) : 0);
    this.#first = first;
    const fits = spare !== undefined && spare.#data.length === frames * channels && spare.#valid.length === frames;
    this.#data = fits ? spare.#data : new Float32Array(frames * channels);
    this.#valid = fits ? spare.#valid : new Uint8Array(frames);
    this.#valid.fill(1);
    this.bytes = this.#data.byteLength + this.#valid.byteLength;
    this.#add(first);
  }

  /** Appends a consecutive block; returns false if it is not consecutive or there is no room. */
  append(block: Block): boolean {
    const { channels, rate, start } = this.#first;
    const follows = rate > 0 && block.rate === rate && block.channels === channels;
    const fits = (this.#frames + frameCount(block)) * channels <= this.#data.length;
    if (!follows || !fits || block.start !== start + this.#frames) return false;
    if (Math.abs(block.time - timeOf(this.#first, block.start)) > slack) return false;
    this.#add(block);
    return true;
  }

  /** A copy of all frames as one block. */
  get block(): Block {
    const data = this.#data.slice(0, this.#frames * this.#first.channels);
    const valid = this.#allValid ? undefined : this.#valid.slice(0, this.#frames);
    return { ...this.#first, data, valid };
  }

  #add({ data, valid, channels }: Block): void {
    this.#data.set(data, this.#frames * channels);
    if (valid) {
      this.#valid.set(valid, this.#frames);
      this.#allValid = false;
    }
    this.#frames += data.length / channels;
  }
}
