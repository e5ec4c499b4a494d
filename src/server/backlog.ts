import { BacklogPiece } from './backlog-piece.ts';
import type { FeedOutput } from './feed-output.ts';

type BlockOutput = Extract<FeedOutput, { type: 'raw' | 'features' }>;
type Kept = { output: BlockOutput; piece: BacklogPiece } | { output: FeedOutput; piece?: undefined };

/** Bytes of blocks and gaps that a stream keeps: five of them fit into what may wait for a viewer. */
const most = 192 << 10;
/** What a kept thing costs beside its samples, in bytes. */
const overhead = 256;
/** Marks that are kept. */
const mostMarks = 16;

/**
 * What a stream keeps of its run for viewers that come later, in bounded memory: the newest raw blocks, feature maps and
 * gaps in their order, the newest kernels and loss of every learner, the newest marks.
 */
export class Backlog {
  readonly #kept: Kept[] = [];
  /** The pieces that may grow, by where their blocks come from. */
  readonly #open = new Map<string, BacklogPiece>();
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

  take(output: FeedOutput): void {
    if (output.type === 'raw' || output.type === 'features') this.#join(output);
    else if (output.type === 'gap') {
      this.#open.clear();
      this.#keep({ output });
    } else if (output.type === 'kernels' || output.type === 'loss')
      this.#latest.set(`${output.type} ${output.learner}`, output);
    else if (output.type === 'mark') {
      this.#marks.push(output);
      if (this.#marks.length > mostMarks) this.#marks.shift();
    } else if (output.type === 'run') this.#clear();
  }

  #join(output: BlockOutput): void {
    const from = output.type === 'raw' ? 'raw' : `map ${output.map}`;
    if (this.#open.get(from)?.take(output.block)) return;
    const piece = new BacklogPiece(output.block);
    this.#open.set(from, piece);
    this.#keep({ output, piece });
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += sizeOf(kept);
    while (this.#bytes > most) {
      const oldest = this.#kept.shift();
      if (!oldest) break;
      this.#bytes -= sizeOf(oldest);
      for (const [from, piece] of this.#open) if (piece === oldest.piece) this.#open.delete(from);
    }
  }

  #clear(): void {
    this.#kept.length = 0;
    this.#open.clear();
    this.#latest.clear();
    this.#marks.length = 0;
    this.#bytes = 0;
  }
}

function sizeOf({ piece }: Kept): number {
  return overhead + (piece?.bytes ?? 0);
}
