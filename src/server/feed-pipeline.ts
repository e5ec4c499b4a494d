import { Subject, type Observable } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { Network } from '../core/network/network.ts';
import { plan } from '../core/network/plan.ts';
import type { Weights } from '../core/network/weights.ts';
import { convolve } from '../operators/convolve.ts';
import { fillGaps } from '../operators/fill-gaps.ts';
import { standardize } from '../operators/standardize.ts';
import type { LearnControl } from '../operators/learn.ts';
import type { LearnerInfo, MapInfo } from '../protocol/stream-info.ts';
import { FeedLearner } from './feed-learner.ts';
import type { PipelineOutput } from './feed-output.ts';
import type { FeedInfo, FeedSpec, LearnerSpec, MapSpec } from './feed-spec.ts';
import { selectChannels, channelIndexes } from './select-channels.ts';

/** Options of a feed's pipeline. */
export interface FeedPipelineOptions {
  spec: FeedSpec;
  info: FeedInfo;
  emit: (output: PipelineOutput) => void;
}

/**
 * The processing chain of one run of a stream:
 *
 *     blocks → fillGaps ─┬→ maps on 'raw'
 *                        └→ standardize ─┬→ maps on 'standardized'
 *                                        └→ learners ← targets
 *
 * A part that throws emits 'broken' and stops; the others continue.
 */
export class FeedPipeline {
  readonly maps: MapInfo[] = [];
  readonly #options: FeedPipelineOptions;
  readonly #blocks = new Subject<Block>();
  readonly #filled = new Subject<Block>();
  readonly #standardized = new Subject<Block>();
  readonly #learners = new Map<string, { spec: LearnerSpec; learner: FeedLearner }>();

  constructor(options: FeedPipelineOptions) {
    this.#options = options;
    const { spec } = options;
    const inputs = { raw: this.#filled, standardized: this.#standardized };
    for (const map of spec.maps) this.#guard(map.name, () => this.#addMap(map, inputs[map.on]));
    if (spec.standardize)
      this.#run('standardize', this.#filled.pipe(standardize(spec.standardize)), this.#standardized);
    else this.#filled.subscribe(this.#standardized);
    this.#run('gaps', this.#blocks.pipe(fillGaps({ policy: spec.gaps })), this.#filled);
  }

  get learners(): LearnerInfo[] {
    return Array.from(this.#learners.values(), ({ learner }) => learner.info);
  }

  push(block: Block): void {
    this.#blocks.next(block);
  }

  /**
   * Starts a learner with saved weights, if their shapes match. It replaces a learner of the same name and takes its
   * index.
   */
  addLearner(spec: LearnerSpec, outputs: string[] | undefined, weights: Weights | undefined): void {
    this.#guard(spec.name, () => {
      const before = this.#learners.get(spec.name);
      const { info, emit } = this.#options;
      const index = before?.learner.info.index ?? this.#learners.size;
      const learner = new FeedLearner({ index, spec, info, outputs, weights, emit });
      before?.learner.stop();
      this.#learners.set(spec.name, { spec, learner });
      learner.run(this.#standardized);
    });
  }

  /** Passes frames of the target stream `target` to its learners. */
  pushTarget(target: string, block: Block): void {
    for (const { spec, learner } of this.#learners.values()) if (spec.target === target) learner.pushTarget(block);
  }

  /** Controls a learner; returns false if there is none with this index. */
  control(index: number, control: LearnControl): boolean {
    const found = [...this.#learners.values()].find(({ learner }) => learner.info.index === index);
    found?.learner.control(control);
    return found !== undefined;
  }

  /** Returns the current network of every learner, by name. */
  networks(): Map<string, Network> {
    return new Map(Array.from(this.#learners, ([name, { learner }]) => [name, learner.network()]));
  }

  stop(): void {
    for (const { learner } of this.#learners.values()) learner.stop();
    this.#blocks.complete();
  }

  #addMap(map: MapSpec, source: Observable<Block>): void {
    const { info, emit } = this.#options;
    const network = map.network instanceof Network ? map.network : Network.create(map.network);
    const planned = plan(network.spec, info.rate);
    const index = this.maps.length;
    const { name, labels, unit } = map;
    this.maps.push({
      index,
      name,
      labels,
      rate: planned.outRate,
      unit,
      warmUp: Math.ceil((planned.receptiveField - 1) / planned.stride),
      groupDelay: Number.isFinite(planned.groupDelay.ms) ? planned.groupDelay.ms : 0,
    });
    const picked = source.pipe(selectChannels(channelIndexes(map.channels, info.channels), info.channels.length));
    picked.pipe(convolve(network)).subscribe({
      next: (block) => {
        emit({ type: 'features', map: index, block });
      },
      error: (error: unknown) => {
        this.#reportFailure(name, error);
      },
    });
  }

  #run(where: string, source: Observable<Block>, into: Subject<Block>): void {
    source.subscribe({
      next: (block) => {
        into.next(block);
      },
      error: (error: unknown) => {
        this.#reportFailure(where, error);
      },
      complete: () => {
        into.complete();
      },
    });
  }

  #guard(where: string, make: () => void): void {
    try {
      make();
    } catch (error) {
      this.#reportFailure(where, error);
    }
  }

  #reportFailure(where: string, error: unknown): void {
    this.#options.emit({ type: 'broken', where, message: error instanceof Error ? error.message : String(error) });
  }
}
