import { Subject, type Observable, type Subscription } from 'rxjs';
import { autoStep } from '../core/learning/optimizers/auto-step.ts';
import type { Block } from '../core/blocks/block.ts';
import { withBothNames, type Optimizer } from '../core/learning/optimizers/optimizer.ts';
import type { Learned } from '../core/learning/learned.ts';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { nlms } from '../core/learning/optimizers/sgd.ts';
import type { Weights } from '../core/network/weights.ts';
import { type LearnControl, learn } from '../operators/learn.ts';
import type { LearnerInfo } from '../protocol/stream-info.ts';
import type { KernelsOutput, PipelineOutput } from './feed-output.ts';
import type { FeedInfo, LearnerSpec } from './feed-spec.ts';
import { selectChannels, channelIndexes } from './select-channels.ts';

/** Options of a feed's learner. */
export interface FeedLearnerOptions {
  index: number;
  spec: LearnerSpec;
  info: FeedInfo;
  /** Labels of the channels that a 'target' learner predicts. */
  outputs?: string[];
  /** Saved weights, restored if their shapes match. */
  weights?: Weights;
  emit: (output: PipelineOutput) => void;
}

/**
 * One learner of a feed: runs `learn` and emits its predictions, and its kernels and scores about four times per
 * second.
 */
export class FeedLearner {
  readonly info: LearnerInfo;
  readonly #options: FeedLearnerOptions;
  readonly #network: Network;
  readonly #optimizer: Optimizer;
  readonly #control = new Subject<LearnControl>();
  readonly #target = new Subject<Block>();
  readonly #initialWeights: number[];
  #subscription: Subscription | undefined;
  #latest: Learned | undefined;
  #reportedAt = -Infinity;

  constructor(options: FeedLearnerOptions) {
    const { index, spec, info, weights } = options;
    this.#options = options;
    const indexes = channelIndexes(spec.channels, info.channels);
    const inputs = indexes.map((channel) => info.channels[channel].label);
    const outputs = options.outputs ?? inputs;
    const network = Network.create(oneLayer(indexes.length, outputs.length, spec.taps), {
      seed: 1,
      gain: spec.gain ?? 0.1,
    });
    this.#initialWeights = Array.from(network.weights()['layers.0.weight'].data);
    if (weights) restoreWeights(network, weights);
    this.#network = network;
    const { name, task, taps } = spec;
    const given = learningRateOf(spec);
    this.#optimizer = spec.optimizer ?? (given === undefined ? autoStep() : nlms({ learningRate: given }));
    const learningRate = given ?? withBothNames(this.#optimizer).learningRate;
    this.info = {
      index,
      name,
      task,
      learning: true,
      learningRate,
      step: learningRate,
      channels: inputs,
      outputs,
      taps,
      rate: info.rate,
    };
  }

  /** Starts learning from `standardized`, the blocks with all channels of the stream. */
  run(standardized: Observable<Block>): void {
    const { spec, info, emit } = this.#options;
    const optimizer = this.#optimizer;
    const target = spec.task === 'target' ? this.#target : undefined;
    this.#subscription = standardized
      .pipe(
        selectChannels(channelIndexes(spec.channels, info.channels), info.channels.length),
        learn(this.#network, { optimizer, target, powerLine: spec.powerLine, control: this.#control }),
      )
      .subscribe({
        next: (learned) => {
          this.#emit(learned);
        },
        error: (error: unknown) => {
          emit({ type: 'broken', where: spec.name, message: error instanceof Error ? error.message : String(error) });
        },
      });
  }

  /** Processes a block of the target stream. */
  pushTarget(block: Block): void {
    this.#target.next(block);
  }

  control(control: LearnControl): void {
    const { learning, learningRate, act } = control;
    const frozen = act === 'freeze' || act === 'unfreeze' ? act === 'unfreeze' : undefined;
    this.info.learning = frozen ?? learning ?? this.info.learning;
    this.#setLearningRate(learningRate ?? this.info.learningRate);
    this.#control.next(control);
  }

  /** Returns the current network. */
  network(): Network {
    const weights = this.#latest?.weights();
    return weights ? Network.create(this.#network.spec, { weights }) : this.#network;
  }

  stop(): void {
    this.#subscription?.unsubscribe();
  }

  #emit(learned: Learned): void {
    const { index, info, emit } = this.#options;
    this.#latest = learned;
    const { prediction } = learned;
    if (prediction.data.length === 0) return;
    emit({ type: 'prediction', learner: index, block: prediction });
    const at = prediction.start + prediction.data.length / prediction.channels;
    if (at < this.#reportedAt + info.rate / 4) return;
    this.#reportedAt = at;
    const { nmse, skill, persistence, rms, movingAverage, powerLine, overall } = learned.score;
    const { updates, skipped, rollbacks, learningRate } = learned;
    this.#setLearningRate(learningRate);
    emit({
      type: 'loss',
      learner: index,
      at,
      nmse: finiteOrNull(nmse),
      skill: finiteOrNull(skill),
      persistence: finiteOrNull(persistence),
      rms: finiteOrNull(rms),
      movingAverage: finiteOrNull(movingAverage),
      mains: finiteOrNull(powerLine),
      overall: { nmse: finiteOrNull(overall.nmse), skill: finiteOrNull(overall.skill) },
      updates,
      refused: skipped,
      rollbacks,
    });
    emit(this.#kernels(learned, at));
  }

  #setLearningRate(learningRate: number): void {
    this.info.learningRate = learningRate;
    this.info.step = learningRate;
  }

  #kernels(learned: Learned, at: number): KernelsOutput {
    const { shape, data } = learned.weights()['layers.0.weight'];
    const [outputs, taps, inputs] = shape;
    return {
      type: 'kernels',
      learner: this.#options.index,
      at,
      shape: [outputs, taps, inputs],
      data: Array.from(data),
      start: this.#initialWeights,
    };
  }
}

function learningRateOf({ learningRate, step }: LearnerSpec): number | undefined {
  if (learningRate !== undefined && step !== undefined)
    throw new TypeError('learningRate and step must not both be given; step is the deprecated name of learningRate');
  return learningRate ?? step;
}

function oneLayer(inChannels: number, outChannels: number, kernelSize: number): NetworkSpec {
  return { inChannels, layers: [{ type: 'conv1d', outChannels, kernelSize }] };
}

function restoreWeights(network: Network, weights: Weights): void {
  const own = network.weights();
  const fits = Object.entries(own).every(([name, { shape }]) => {
    return Object.hasOwn(weights, name) && weights[name].shape.join() === shape.join();
  });
  const finite = fits && Object.keys(own).every((name) => weights[name].data.every(Number.isFinite));
  if (finite) network.setWeights(Object.fromEntries(Object.keys(own).map((name) => [name, weights[name]])));
}

function finiteOrNull(score: number): number | null {
  return Number.isFinite(score) ? score : null;
}
