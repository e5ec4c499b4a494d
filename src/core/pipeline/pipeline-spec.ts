import { fields, invalid, onlyFields, oneOf, positive } from '../check.ts';
import { checkDetectorOptions, Detector, type DetectorOptions } from '../detector/detector.ts';
import type { GapFillerOptions } from '../blocks/gap-filler.ts';
import { learnerFields, type LearnerOptions } from '../learning/learner-options.ts';
import { layersOf, type NetworkSpec } from '../network/network-spec.ts';
import { optimizerOf, type OptimizerSpec } from '../learning/optimizers/optimizer-spec.ts';
import { encodeState } from '../state/state-file.ts';
import { sum } from '../sum.ts';

const parts = ['gaps', 'standardize', 'network', 'learn', 'detect'] as const;
const detectorFields = ['falseAlarms', 'reference', 'learning'];
const learnFields = ['network', 'optimizer', 'skipAlarmed', ...learnerFields];

/** Pipeline as plain JSON. Every part is optional. */
export interface PipelineSpec {
  /** How to fill gaps. Default: repeat the last sample, for up to 1000 frames. */
  gaps?: GapFillerOptions;
  /** Standardize with a running mean and standard deviation. Default: off. */
  standardize?: {
    /** Time constant in seconds. Requires a fixed sampling rate. Default 1. */
    tau?: number;
    /** Time constant in frames, instead of `tau`. Required if the rate is irregular. */
    frames?: number;
  };
  /** Network that computes the features. */
  network?: NetworkSpec;
  /** Learner that is trained on the stream. */
  learn?: Omit<LearnerOptions, 'optimizer'> & {
    /** Network that is trained. Its last trainable layer starts at 0. */
    network: NetworkSpec;
    /** Optimizer. Default: as in `LearnerOptions`. */
    optimizer?: OptimizerSpec;
    /** Skip frames that the detector flags as anomalous. Default false. */
    skipAlarmed?: boolean;
  };
  /** Detector of anomalies in the filled signal. */
  detect?: DetectorOptions;
}

/** Throws an error that names the invalid part of a spec. */
export function checkSpec(spec: PipelineSpec): void {
  if (typeof spec !== 'object' || (spec as PipelineSpec | null) === null) {
    throw invalid('spec', 'a PipelineSpec', spec, TypeError);
  }
  for (const field of Object.keys(spec)) {
    const part = spec[oneOf('field of a pipeline', field, parts)];
    if (part !== undefined) fields(field, part, 'an object of settings');
  }
  if (spec.standardize?.tau !== undefined) positive('standardize.tau', spec.standardize.tau, 'seconds');
  if (spec.standardize?.frames !== undefined) positive('standardize.frames', spec.standardize.frames);
  if (spec.detect) {
    onlyFields('detect', spec.detect, detectorFields);
    checkDetectorOptions(spec.detect);
  }
  if (spec.network) layersOf(spec.network);
  if (!spec.learn) return;
  onlyFields('learn', spec.learn, learnFields);
  layersOf(spec.learn.network);
  if (spec.learn.optimizer) optimizerOf(spec.learn.optimizer);
  if (spec.learn.skipAlarmed && !spec.detect)
    throw invalid('detect', 'given with learn.skipAlarmed', spec.detect, TypeError);
}

/**
 * Throws if the pipeline of `spec` needs more memory than a saved file of `size` bytes can describe. Its weights, its
 * delay lines (those of the network only if it is `streaming`), and its learner's pending outputs are all stored in the
 * file. (A learner with the task 'target' allocates memory for frames only as they arrive.) So a file that claims too much is rejected before anything is allocated.
 */
export function checkMemory(spec: PipelineSpec, size: number, streaming: boolean): void {
  checkSpec(spec);
  const { network, learn } = spec;
  let needed = network ? weightBytes(network) + (streaming ? lineBytes(network) : 0) : 0;
  if (learn) {
    const { horizon = 1, maxPending = 1024, task } = learn;
    needed +=
      weightBytes(learn.network) + lineBytes(learn.network) + 4 * (task === 'target' ? 0 : maxPending + horizon);
  }
  checkClaim(needed, size);
}

/** The same check for the detector. Its whole state is stored in the file, channel by channel. */
export function checkDetectorMemory(
  options: DetectorOptions | undefined,
  channels: number,
  rate: number,
  size: number,
): void {
  checkClaim(channels * encodeState('detector', new Detector(1, rate, options).save(), {}).length, size);
}

function checkClaim(needed: number, size: number): void {
  // a delay line is larger in memory than in the file by some frames
  const maxBytes = 4 * size + 65536;
  if (!(needed <= maxBytes)) throw invalid('memory of a saved pipeline', `<= ${maxBytes} bytes`, needed);
}

function lineBytes(network: NetworkSpec): number {
  return sum(layersOf(network), (layer) => layer.memory(false).arena);
}

function weightBytes(network: NetworkSpec): number {
  const parameters = layersOf(network).flatMap((layer) => layer.parameters);
  return 4 * sum(parameters, ({ shape }) => shape.reduce((product, size) => product * size, 1));
}
