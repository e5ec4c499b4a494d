import type { GapPolicy } from '../core/blocks/gap-filler.ts';
import type { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import type { Optimizer } from '../core/learning/optimizers/gradient-descent.ts';
import type { StandardizeOptions } from '../operators/standardize.ts';

/** A channel of a feed. */
export interface FeedChannel {
  readonly label: string;
  readonly unit?: string;
}

/** What is known of a stream when its feed is made. */
export interface FeedInfo {
  readonly name: string;
  readonly channels: readonly FeedChannel[];
  /** Hz; 0 = irregular. */
  readonly rate: number;
  readonly kind?: string;
}

/** A network whose outputs are shown. */
export interface MapSpec {
  name: string;
  network: Network | NetworkSpec;
  /** What it reads: the filled signal, or that standardised. */
  on: 'raw' | 'standardized';
  /** Labels or places of the channels it reads. Default: all. */
  channels?: readonly (string | number)[];
  /** One a row. */
  labels: string[];
  unit?: string;
}

/** One convolution that learns from the standardised signal while it runs. */
export interface LearnerSpec {
  name: string;
  task: 'forecast' | 'target';
  taps: number;
  /** Labels or places of the channels it reads. Default: all. */
  channels?: readonly (string | number)[];
  /** Of a 'target' learner: the stream that is its truth. */
  target?: string;
  /** Learning rate (µ) of NLMS. Default: autoStep, which adapts its learning rate. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  step?: number;
  /** Instead of either. */
  optimizer?: Optimizer;
  /** Scale of its start weights. Default 0.1. */
  gain?: number;
}

/** What a stream passes on its way. */
export interface FeedSpec {
  gaps: GapPolicy;
  /** null: learners and maps read the signal as it is. */
  standardize: StandardizeOptions | null;
  maps: MapSpec[];
  learners: LearnerSpec[];
}

/** Makes a feed's spec; `truths` are the streams that say they are the truth of this one, at its rate. */
export type FeedDesigner = (info: FeedInfo, truths: readonly FeedInfo[]) => FeedSpec;
