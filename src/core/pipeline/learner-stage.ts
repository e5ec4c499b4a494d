import { type Block, frameCount } from '../blocks/block.ts';
import { ChannelSelection } from '../blocks/channel-selection.ts';
import type { Learned } from '../learning/learned.ts';
import { Learner } from '../learning/learner.ts';
import { learnerOptionsIn, type LearnerOptions } from '../learning/learner-options.ts';
import { optimizerOf } from '../learning/optimizers/optimizer-spec.ts';
import type { Optimizer } from '../learning/optimizers/optimizer.ts';
import type { Network } from '../network/network.ts';
import type { State } from '../state/state.ts';
import { checkInputs } from './map-stage.ts';
import type { LearnerStageSpec } from './pipeline-spec.ts';

/** Trains a network on the stream. The targets are frames of the same stream or of a target stream. */
export class LearnerStage {
  readonly learner: Learner;
  /** Name of the target stream; undefined if the targets are frames of the same stream. */
  readonly target: string | undefined;
  readonly #spec: LearnerStageSpec;
  #selection: ChannelSelection | undefined;
  #targets: ChannelSelection | undefined;

  /**
   * @param network initial network, which is trained in place
   * @param optimizer optimizer to use instead of that of the spec
   */
  constructor(spec: LearnerStageSpec, network: Network, optimizer?: Optimizer) {
    this.#spec = spec;
    const { task, target = '', targetChannels } = spec;
    this.target = task === 'target' && !targetChannels ? target : undefined;
    this.learner = new Learner(network, learnerOptions(spec, optimizer));
  }

  get network(): Network {
    return this.learner.network;
  }

  opener(channels: number): () => void {
    const { name, channels: indexes, task, targetChannels } = this.#spec;
    const { inChannels, outChannels } = this.learner.network;
    const selection = new ChannelSelection(indexes, channels);
    checkInputs(name, task === 'cancel' ? inChannels + outChannels : inChannels, selection);
    const targets = targetChannels && new ChannelSelection(targetChannels, channels);
    if (targets) checkInputs(`the targets of ${name}`, outChannels, targets);
    return () => {
      this.#selection = selection;
      this.#targets = targets;
    };
  }

  /**
   * @param alarmed one byte per frame; 1 = the detector flags the frame
   * @param filled whether the block fills a gap
   */
  push(block: Block, alarmed: Uint8Array | undefined, filled: boolean): Learned {
    const { skipAlarmed = true, readFilled = false } = this.#spec;
    if (this.#targets) this.learner.teach(this.#targets.of(block));
    const inputValid = filled && readFilled ? new Uint8Array(frameCount(block)).fill(1) : undefined;
    return this.learner.push(this.#selection!.of(block), skipAlarmed ? alarmed : undefined, inputValid);
  }

  close(): void {
    this.learner.close();
  }

  save(): State {
    return this.learner.save();
  }

  restore(state: State): void {
    this.learner.restore(state);
  }
}

function learnerOptions(spec: LearnerStageSpec, given: Optimizer | undefined): LearnerOptions {
  const optimizer = given?.fresh() ?? (spec.optimizer && optimizerOf(spec.optimizer));
  return { ...learnerOptionsIn(spec), ...(optimizer && { optimizer }) };
}
