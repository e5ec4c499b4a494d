import type { Optimizer } from '../core/learning/optimizers/optimizer.ts';
import type { Network } from '../core/network/network.ts';
import type { WeightsLike } from '../core/network/weights.ts';
import type { StageSpec } from '../core/pipeline/pipeline-spec.ts';
import type { KernelPlan } from './feed-plan.ts';

/** The index under which the results of a learner are reported, and the kernels to report. */
export interface ReportedLearner {
  readonly index: number;
  readonly kernels: KernelPlan | null;
  /** Name of its target stream, if any. */
  readonly target?: string;
}

/** A stage to add, with its weights and optimizer, and the indexes for its reports. */
export interface StageSetup {
  readonly stage: StageSpec;
  /** Weights by content hash, for the hash in the spec of the stage. */
  readonly weights?: Readonly<Record<string, Network | WeightsLike>>;
  /** For a feature map: its index among the feature maps of the feed. */
  readonly map?: number;
  /** For a learner: its index and the kernels to report. */
  readonly learner?: ReportedLearner;
  /** For a learner: optimizer that is not plain JSON. */
  readonly optimizer?: Optimizer;
  /** For a learner: it uses only weights of a learner with the same settings (`learnerKey`). */
  readonly strict?: boolean;
  /**
   * For a learner that was added before the server ended, and is added again: 'new' = there was none of its name; 'again' = it
   * replaces the one of its name.
   */
  readonly replayed?: 'new' | 'again';
}
