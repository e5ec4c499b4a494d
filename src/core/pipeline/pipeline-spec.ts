import { fields, invalid, onlyFields, oneOf, positive } from '../check.ts';
import { checkDetectorOptions, Detector, type DetectorOptions } from '../detector/detector.ts';
import type { GapFillerOptions } from '../blocks/gap-filler.ts';
import { learnerFields, type LearnerOptions } from '../learning/learner-options.ts';
import { layersOf, type NetworkSpec } from '../network/network-spec.ts';
import { optimizerOf, type OptimizerSpec } from '../learning/optimizers/optimizer-spec.ts';
import { plan } from '../network/plan.ts';
import { encodeState } from '../state/state-file.ts';
import { sum } from '../sum.ts';

const parts = ['gaps', 'standardize', 'network', 'learn', 'detect'] as const;
const detectorFields = ['falseAlarms', 'reference', 'learning'];
const learnFields = ['network', 'optimizer', 'skipAlarmed', ...learnerFields];

/** A pipeline as plain JSON. Every part may be left out. */
export interface PipelineSpec {
  /** What stands in for frames that never came; default: the last sample, for up to 1000 frames. */
  gaps?: GapFillerOptions;
  /** Time constant of the running mean and spread: `tau` in seconds, or `frames`. Absent: the signal stays as it is. */
  standardize?: { tau?: number; frames?: number };
  /** What the stream runs through. */
  network?: NetworkSpec;
  /** What learns from the stream, beside the network. */
  learn?: Omit<LearnerOptions, 'optimizer'> & {
    network: NetworkSpec;
    optimizer?: OptimizerSpec;
    /** Learn nothing while the detector is alarmed. Default false. */
    skipAlarmed?: boolean;
  };
  /** What tells, beside them all, what is out of the ordinary in the filled signal. */
  detect?: DetectorOptions;
}

/** Throws an error that names what in a spec is wrong. */
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
 * Throws when the pipeline of `spec` would take more memory than one does whose saved file has `size` bytes: its weights, its
 * lines (those of the network only if it is `streaming`) and what its learner waits for all lie in the file. So a file that
 * claims too much is refused before anything is made.
 */
export function checkMemory(spec: PipelineSpec, size: number, streaming: boolean): void {
  checkSpec(spec);
  const { network, learn } = spec;
  let needed = network ? weightBytes(network) + (streaming ? lineBytes(network) : 0) : 0;
  if (learn) {
    const { horizon = 1, maxPending = 1024, task } = learn;
    const { stride } = plan(learn.network);
    needed +=
      weightBytes(learn.network) +
      lineBytes(learn.network) +
      4 * (task === 'target' ? maxPending * Math.max(1, stride) : maxPending + horizon);
  }
  checkClaim(needed, size);
}

/** The same for its detector, all of whose memory lies in the file, channel by channel. */
export function checkDetectorMemory(
  options: DetectorOptions | undefined,
  channels: number,
  rate: number,
  size: number,
): void {
  checkClaim(channels * encodeState('detector', new Detector(1, rate, options).save(), {}).length, size);
}

function checkClaim(needed: number, size: number): void {
  // a line keeps no more than it needs in a file, and has room for some more frames in memory
  const most = 4 * size + 65536;
  if (!(needed <= most)) throw invalid('memory that a saved pipeline claims', `<= ${most} bytes`, needed);
}

function lineBytes(network: NetworkSpec): number {
  return sum(layersOf(network), (layer) => layer.memory(false).arena);
}

function weightBytes(network: NetworkSpec): number {
  const parameters = layersOf(network).flatMap((layer) => layer.parameters);
  return 4 * sum(parameters, ({ shape }) => shape.reduce((product, size) => product * size, 1));
}
