import { invalid, oneOf, positive } from './check.ts';
import type { GapFillerOptions } from './gap-filler.ts';
import type { LearnerOptions } from './learner.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { optimizerOf, type OptimizerSpec } from './optimizer.ts';

/** A pipeline as plain JSON. Every part may be left out. */
export interface PipelineSpec {
  /** What stands in for frames that never came; default: the last sample, for up to 1000 frames. */
  gaps?: GapFillerOptions;
  /** Time constant of the running mean and spread: `tau` in seconds, or `frames`. Absent: the signal stays as it is. */
  standardize?: { tau?: number; frames?: number };
  /** What the stream runs through. */
  network?: NetworkSpec;
  /** What learns from the stream, beside the network. */
  learn?: Omit<LearnerOptions, 'optimizer'> & { network: NetworkSpec; optimizer?: OptimizerSpec };
}

/** Throws an error that names what in a spec is wrong. */
export function checkSpec(spec: PipelineSpec): void {
  if (typeof spec !== 'object' || (spec as PipelineSpec | null) === null) {
    throw invalid('spec', 'a PipelineSpec', spec, TypeError);
  }
  for (const field of Object.keys(spec))
    oneOf('field of a pipeline', field, ['gaps', 'standardize', 'network', 'learn']);
  if (spec.standardize?.tau !== undefined) positive('standardize.tau', spec.standardize.tau, 'seconds');
  if (spec.standardize?.frames !== undefined) positive('standardize.frames', spec.standardize.frames);
  if (spec.network) layersOf(spec.network);
  if (!spec.learn) return;
  layersOf(spec.learn.network);
  if (spec.learn.optimizer) optimizerOf(spec.learn.optimizer);
}
