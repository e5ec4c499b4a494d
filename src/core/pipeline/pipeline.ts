import { checkBlock, type Block } from '../blocks/block.ts';
import { invalid, positive } from '../check.ts';
import { Convolver } from '../network/convolver.ts';
import { Detector, type Detected } from '../detector/detector.ts';
import { GapFiller } from '../blocks/gap-filler.ts';
import { Learner } from '../learning/learner.ts';
import type { Learned } from '../learning/learned.ts';
import { Network } from '../network/network.ts';
import { optimizerOf } from '../learning/optimizers/optimizer-spec.ts';
import { checkDetectorMemory, checkMemory, checkSpec, type PipelineSpec } from './pipeline-spec.ts';
import { Standardizer } from '../filters/standardizer.ts';
import { decodeState, encodeState } from '../state/state-file.ts';
import { doublesIn, floatsIn, numberIn, stateIn, type State } from '../state/state.ts';

export interface PipelineOptions {
  /** Default: started from `seed`. */
  network?: Network;
  /** What the learner starts from; it trains a copy. Default: started from `seed`. */
  learner?: Network;
  /** Default 1. */
  seed?: number;
}

/** What one block, or the gap before it, brought. */
export interface PipelineOutput {
  /** The frames themselves, filled and standardised as the spec says. */
  readonly block: Block;
  /** What the network put out; null when there is none or nothing hangs here. */
  readonly features: Block | null;
  /** What the learner did; null when there is none. */
  readonly learned: Learned | null;
  /** How far out of the ordinary the frames are, and alarms; null when there is no detector. */
  readonly detected: Detected | null;
}

/**
 * What one stream passes on its way. Made from a spec, saved and restored whole: a restored pipeline goes on with the bits
 * of one that was never stopped.
 *
 *     blocks → fill gaps ─┬→ standardise ─┬→ network
 *                         │               └→ learner
 *                         └→ detector
 *
 * The detector hears the signal in its own unit, as it scales for itself and a standardiser would soon take a shifted level
 * for the usual one. Frames that were filled in count as missing for it, whatever they were filled with.
 */
export class Pipeline {
  readonly spec: PipelineSpec;
  readonly network: Network | null;
  readonly learner: Learner | null;
  readonly #gaps: GapFiller;
  readonly #convolver: Convolver | null;
  /** Made when the first block tells channels and rate. */
  #standardizer: Standardizer | null = null;
  /** The same. */
  #detector: Detector | null = null;
  #channels = 0;
  #rate = 0;

  private constructor(spec: PipelineSpec, { network, learner, seed = 1 }: PipelineOptions) {
    checkSpec(spec);
    this.spec = structuredClone(spec);
    const { gaps, network: networkSpec, learn } = spec;
    this.#gaps = new GapFiller(gaps);
    this.network = network ?? (networkSpec ? Network.create(networkSpec, { seed }) : null);
    this.#convolver = this.network && Convolver.of(this.network)();
    if (!learn) {
      this.learner = null;
      return;
    }
    const { network: learnSpec, optimizer, ...options } = learn;
    const trained = learner?.clone() ?? Network.create(learnSpec, { seed, silent: true });
    this.learner = new Learner(trained, { ...options, ...(optimizer && { optimizer: optimizerOf(optimizer) }) });
  }

  /** A pipeline at the beginning of a stream. Throws an error that names what in the spec is wrong. */
  static create(spec: PipelineSpec, options: PipelineOptions = {}): Pipeline {
    return new Pipeline(spec, options);
  }

  /**
   * The pipeline that `save` wrote, with its weights, its optimiser and all its memory.
   * @throws when the bytes are cut, foreign or of a newer version; the sentence says which
   */
  static restore(bytes: Uint8Array): Pipeline {
    const { state, beside } = decodeState('pipeline', bytes);
    checkMemory(beside as PipelineSpec, bytes.length, 'stream' in stateIn(state, 'convolver'));
    const pipeline = new Pipeline(beside as PipelineSpec, {});
    pipeline.#restore(state, bytes.length);
    return pipeline;
  }

  /** Takes a block; brings one output for it and, before it, one for the gap that was filled. Old frames bring nothing. */
  push(block: Block): PipelineOutput[] {
    checkBlock(block);
    if (this.#channels > 0 && block.channels !== this.#channels)
      throw invalid('block.channels', `${this.#channels}, as before`, block.channels);
    if (this.#channels > 0 && block.rate !== this.#rate)
      throw invalid('block.rate', `${this.#rate} Hz, as before`, block.rate);
    this.#channels = block.channels;
    this.#rate = block.rate;
    return this.#gaps.push(block).map((filled) => {
      const standard = this.#standardize(filled);
      const detected = this.#detect(filled);
      const alarmed = this.spec.learn?.skipAlarmed ? detected?.alarmed : undefined;
      return {
        block: standard,
        features: this.#convolver?.push(standard) ?? null,
        learned: this.learner?.push(standard, alarmed) ?? null,
        detected,
      };
    });
  }

  /** Brings truths for a learner with a target. */
  teach(block: Block): void {
    if (!this.learner) throw new TypeError('spec.learn must be given to be taught, got none');
    this.learner.teach(block);
  }

  /** The source has ended: the tail of the network's modes that have one, or null. */
  flush(): Block | null {
    return this.#convolver?.flush() ?? null;
  }

  /** Gives the memory of its streams back. It cannot be used any more. */
  close(): void {
    this.#convolver?.close();
    this.learner?.close();
  }

  /** Everything, as one safetensors file: weights, optimiser, delay lines, pending gradients, indexes, statistics. */
  save(): Uint8Array {
    const state: State = {
      channels: this.#channels,
      rate: this.#rate,
      gaps: this.#gaps.save(),
      ...(this.#standardizer && { standardizer: this.#standardizer.save() }),
      ...(this.network && { weights: weightsIn(this.network) }),
      ...(this.#convolver && { convolver: this.#convolver.save() }),
      ...(this.learner && { learner: { ...this.learner.save(), weights: weightsIn(this.learner.network) } }),
      ...(this.#detector && { detector: this.#detector.save() }),
    };
    return encodeState('pipeline', state, this.spec);
  }

  #restore(state: State, size: number): void {
    this.#channels = numberIn(state, 'channels');
    this.#rate = numberIn(state, 'rate');
    this.#gaps.restore(stateIn(state, 'gaps'));
    if ('standardizer' in state) {
      const statistics = stateIn(state, 'standardizer');
      doublesIn(statistics, 'count', this.#channels);
      this.#standardizer = this.#makeStandardizer();
      this.#standardizer.restore(statistics);
    }
    if ('detector' in state) {
      const { detect } = this.spec;
      checkDetectorMemory(detect, this.#channels, this.#rate, size);
      this.#detector = new Detector(this.#channels, this.#rate, detect);
      this.#detector.restore(stateIn(state, 'detector'));
    }
    if (this.network) setWeights(this.network, stateIn(state, 'weights'));
    this.#convolver?.restore(stateIn(state, 'convolver'));
    if (!this.learner) return;
    const learner = stateIn(state, 'learner');
    setWeights(this.learner.network, stateIn(learner, 'weights'));
    this.learner.restore(learner);
  }

  #standardize(block: Block): Block {
    if (!this.spec.standardize) return block;
    this.#standardizer ??= this.#makeStandardizer();
    return { ...block, data: this.#standardizer.push(block.data, block.valid) };
  }

  #detect(block: Block): Detected | null {
    if (!this.spec.detect) return null;
    this.#detector ??= new Detector(this.#channels, this.#rate, this.spec.detect);
    return this.#detector.push(block);
  }

  #makeStandardizer(): Standardizer {
    const { tau = 1, frames } = this.spec.standardize ?? {};
    if (frames === undefined) positive("block.rate of a stream that is standardised by 'tau'", this.#rate, 'Hz');
    return new Standardizer({ channels: this.#channels, frames: frames ?? tau * this.#rate });
  }
}

/** A network's weights as state, packed as the engine reads them. */
function weightsIn(network: Network): State {
  const packed = network.packed();
  return Object.fromEntries(network.parameters.map(({ name }, i) => [name, packed[i]]));
}

function setWeights(network: Network, state: State): void {
  network.setPacked(network.parameters.map(({ name }, i) => floatsIn(state, name, network.values[i].count)));
}
