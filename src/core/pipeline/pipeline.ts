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

/** Options of `Pipeline.create`. */
export interface PipelineOptions {
  /** Network that computes the features. It is not copied. Default: a new network, initialized from `seed`. */
  network?: Network;
  /** Initial network of the learner, which trains a copy. Default: a new network, initialized from `seed`. */
  learner?: Network;
  /** Seed of the initial weights. Default 1. */
  seed?: number;
}

/** Result of one block, or of the gap before it. */
export interface PipelineOutput {
  /** Input frames, filled and standardized as the spec says. */
  readonly block: Block;
  /** Outputs of the network; null if there is no network or no output is aligned with these frames. */
  readonly features: Block | null;
  /** Result of the learner; null if there is none. */
  readonly learned: Learned | null;
  /** Anomaly scores and alarms; null if there is no detector. */
  readonly detected: Detected | null;
}

/**
 * Processing chain of one stream. It is created from a spec and saved and restored as a whole. A restored pipeline
 * returns the same bits as one that was never stopped.
 *
 *     blocks → fill gaps ─┬→ standardize ─┬→ network
 *                         │               └→ learner
 *                         └→ detector
 *
 * The detector reads the signal in its original unit: it scales by itself, and a standardizer would soon absorb a level
 * shift. It treats filled frames as missing, regardless of the fill policy.
 */
export class Pipeline {
  /** Copy of the spec that the pipeline was created from. */
  readonly spec: PipelineSpec;
  /** Network that computes the features; null if the spec has none. You can replace its weights at any time. */
  readonly network: Network | null;
  /** The learner, with its network and its optimizer; null if the spec has none. */
  readonly learner: Learner | null;
  readonly #gaps: GapFiller;
  readonly #convolver: Convolver | null;
  /** Created with the first block, which determines channels and rate. */
  #standardizer: Standardizer | null = null;
  /** Created with the first block. */
  #detector: Detector | null = null;
  #channels = 0;
  #rate = 0;

  private constructor(spec: PipelineSpec, { network, learner, seed = 1 }: PipelineOptions) {
    checkSpec(spec);
    this.spec = withPowerLine(structuredClone(spec), 50);
    const { gaps, network: networkSpec, learn } = spec;
    this.#gaps = new GapFiller(gaps);
    this.network = network ?? (networkSpec ? Network.create(networkSpec, { seed }) : null);
    this.#convolver = this.network && Convolver.of(this.network)();
    if (!learn) {
      this.learner = null;
      return;
    }
    const { network: learnSpec, optimizer, ...options } = this.spec.learn!;
    const trained = learner?.clone() ?? Network.create(learnSpec, { seed, zeroOutput: true });
    this.learner = new Learner(trained, { ...options, ...(optimizer && { optimizer: optimizerOf(optimizer) }) });
  }

  /**
   * Creates a pipeline at the start of a stream.
   * @throws an error that names the invalid part of the spec
   */
  static create(spec: PipelineSpec, options: PipelineOptions = {}): Pipeline {
    return new Pipeline(spec, options);
  }

  /**
   * Restores a pipeline that `save` returned, with its weights, optimizer, and state.
   * @throws if the bytes are truncated, not a saved pipeline, or from a newer version
   */
  static restore(bytes: Uint8Array): Pipeline {
    const { state, extra } = decodeState('pipeline', bytes);
    checkMemory(extra as PipelineSpec, bytes.length, 'stream' in stateIn(state, 'convolver'));
    // pipelines that were saved without a power-line frequency used 60 Hz
    const pipeline = new Pipeline(withPowerLine(extra as PipelineSpec, 60), {});
    pipeline.#restore(state, bytes.length);
    return pipeline;
  }

  /**
   * Processes a block. Returns one output for it, preceded by one for the filled gap if there is one. Returns nothing
   * for frames that were already processed.
   */
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

  /** Adds targets for a learner with the task 'target'. */
  teach(block: Block): void {
    if (!this.learner) throw new TypeError('spec.learn must be given for teach(), got none');
    this.learner.teach(block);
  }

  /** Returns the last outputs of modes 'same' and 'full' after the source has ended, or null. */
  flush(): Block | null {
    return this.#convolver?.flush() ?? null;
  }

  /** Releases the memory of its streams. The pipeline cannot be used after that. */
  close(): void {
    this.#convolver?.close();
    this.learner?.close();
  }

  /**
   * Returns the complete state as one safetensors file: weights, optimizer, delay lines, pending gradients, indexes,
   * statistics.
   */
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
    if (frames === undefined)
      positive('block.rate for standardize.tau (irregular: use standardize.frames)', this.#rate, 'Hz');
    return new Standardizer({ channels: this.#channels, frames: frames ?? tau * this.#rate });
  }
}

/** Writes the power-line frequency of the learner into its spec, so that a saved pipeline does not depend on a default. */
function withPowerLine(spec: PipelineSpec, hz: number): PipelineSpec {
  const { learn } = spec;
  if (!learn) return spec;
  const { mains, powerLine = mains ?? hz, ...options } = learn;
  return { ...spec, learn: { ...options, powerLine } };
}

/** Returns a network's weights as state, in the engine's packed order. */
function weightsIn(network: Network): State {
  const packed = network.packed();
  return Object.fromEntries(network.parameters.map(({ name }, i) => [name, packed[i]]));
}

function setWeights(network: Network, state: State): void {
  network.setPacked(network.parameters.map(({ name }, i) => floatsIn(state, name, network.values[i].count)));
}
