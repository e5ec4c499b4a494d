import type { GapPolicy } from '../core/blocks/gap-filler.ts';
import type { LearnerOptions } from '../core/learning/learner-options.ts';
import type { Optimizer } from '../core/learning/optimizers/optimizer.ts';
import type { OptimizerSpec } from '../core/learning/optimizers/optimizer-spec.ts';
import type { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import type { DetectSpec, StandardizeSpec } from '../core/pipeline/pipeline-spec.ts';

/** A channel of a feed. */
export interface FeedChannel {
  /** Label of the channel. */
  readonly label: string;
  /** Unit of the samples; absent if unknown. */
  readonly unit?: string;
}

/** Description of a stream for which a feed is designed. */
export interface FeedInfo {
  /** Name of the stream. */
  readonly name: string;
  /** Channels, in the order of the samples of a frame. */
  readonly channels: readonly FeedChannel[];
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
  /** Kind of signal, such as 'eeg'; absent if unspecified. */
  readonly kind?: string;
}

/** A network whose outputs are displayed as feature maps. */
export interface MapSpec {
  /** Name of the feature map. */
  name: string;
  /** The network, or its spec. A network that is created from a spec has random weights. */
  network: Network | NetworkSpec;
  /** Its input: 'raw' = the signal with filled gaps; 'standardized' = the same signal, standardized. */
  on: 'raw' | 'standardized';
  /** Labels or indexes of its input channels. Default: all. */
  channels?: readonly (string | number)[];
  /** Labels of the outputs, one per row. */
  labels: string[];
  /** Unit of the outputs. Default: none. */
  unit?: string;
}

/** A network that is trained online on the stream: one convolution, unless `network` is given. */
export interface LearnerSpec extends Omit<LearnerOptions, 'optimizer' | 'reference'> {
  /** Name of the learner, unique within the feed. */
  name: string;
  /** 'target' predicts the frames of the stream `target`. For the other tasks, see `LearnerOptions`. */
  task: 'forecast' | 'target' | 'reconstruct' | 'cancel';
  /** Kernel length of the convolution in frames. Required without `network`. */
  taps?: number;
  /** The network to train instead of one convolution, or its spec. The learner trains a copy of a given network. */
  network?: Network | NetworkSpec;
  /**
   * Its input: 'standardized' (default) or 'raw' = the signal with filled gaps. Targets from another stream are never standardized, so
   * that a learner of them loses accuracy where the scale of a standardized input changes.
   */
  on?: 'raw' | 'standardized';
  /** Labels or indexes of its input channels. Default: all. */
  channels?: readonly (string | number)[];
  /** For 'cancel': labels or indexes of the reference channels. */
  reference?: readonly (string | number)[];
  /** Name of the stream that a 'target' learner is trained to match. */
  target?: string;
  /** Learning rate (µ) of NLMS. Default: autoStep, which adapts its learning rate. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  step?: number;
  /** Optimizer, instead of NLMS or autoStep. */
  optimizer?: Optimizer | OptimizerSpec;
  /** Power-line frequency in Hz for the power-line baseline. Default: that of the server. */
  powerLine?: number;
  /** Scale of the initial weights of the convolution. Default: 0.1. */
  gain?: number;
  /** Do not train on frames that the detector flags as anomalous. Default: true. */
  skipAlarmed?: boolean;
}

/** Processing of a stream: gap filling, detection, standardization, feature maps, and learners. */
export interface FeedSpec {
  /** How missing frames are replaced. */
  gaps: GapPolicy;
  /**
   * Detection of anomalies; null = off. Absent fields have the server's settings: its false-alarm rate and reference
   * period, `digest: 'auto'`, and the channels within the server's limits. Default: on, with these settings.
   */
  detect?: DetectSpec | null;
  /** Standardization; null = feature maps and learners read the signal with filled gaps. */
  standardize: StandardizeSpec | null;
  /** Networks whose outputs are displayed as feature maps. */
  maps: MapSpec[];
  /** Learners that are trained on the stream. */
  learners: LearnerSpec[];
  /** Notes for viewers on what was assumed about the stream, one sentence each. */
  notes?: string[];
}

/**
 * Returns the feed spec of a stream; `targets` are the streams of the same rate that are declared as its targets
 * (`for`).
 */
export type FeedDesigner = (info: FeedInfo, targets: readonly FeedInfo[]) => FeedSpec;

/** Returns a designer whose learners use `powerLine` (Hz), unless their spec has another frequency. */
export function withPowerLine(design: FeedDesigner, powerLine: number): FeedDesigner {
  return (info, targets) => {
    const spec = design(info, targets);
    return {
      ...spec,
      learners: spec.learners.map((learner) => ({ ...learner, powerLine: learner.powerLine ?? powerLine })),
    };
  };
}
