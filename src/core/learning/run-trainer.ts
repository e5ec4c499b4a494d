import { runWords, wordsPerRun } from '../../kernels/run-layout.ts';
import { copyNumbers } from '../memory/copy.ts';
import type { Network } from '../network/network.ts';
import type { NetworkStream } from '../network/network-stream.ts';
import type { EvaluatedRun } from './evaluated-run.ts';
import type { Evaluation } from './evaluation.ts';
import { historyMargin } from './frames.ts';
import type { OutputCollector } from './learned.ts';
import type { LearnerOptions, Task } from './learner-options.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { WeightUpdater } from './weight-updater.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Maximum number of frames per run. */
export const maxRunFrames: number = historyMargin;

/** Frames of a block, and their targets: rows of `targets`, which is the input itself unless the task is 'target'. */
export interface FrameRun {
  input: Float32Array;
  /** Offset of the first frame. */
  at: number;
  targets: Float32Array;
  /** Offset of the target of the first frame. */
  targetsAt: number;
  /** Number of frames, all of which are valid and have a valid target. */
  count: number;
}

/**
 * Trains a network on runs of valid frames with valid targets, one kernel call (`train`) per run. The results are bit-identical to
 * training frame by frame with `Trainer`. They are in `taken`, `done`, and `owed` until the next call.
 */
export class RunTrainer {
  /** Number of targets of the last run that were read (`taken`), and of frames that were processed (`done`). */
  taken = 0;
  done = 0;
  /** Offsets of the frames and of their targets in the engine's memory, until its next call. */
  frames = 0;
  targets = 0;
  /** Whether the last gradient of the run was computed but its update is still pending. The caller must make that update. */
  owed = false;
  readonly #network: Network;
  readonly #task: Task;
  readonly #hidden: number;
  readonly #evaluation: Evaluation;
  readonly #updater: WeightUpdater;
  /** Reused, so that a run allocates nothing. */
  readonly #result: Writable<EvaluatedRun>;
  /** Offsets of the parts of a run, relative to its first number, and the size of a run. */
  readonly #framesAt: number;
  readonly #targetsAt: number;
  readonly #outputs: number;
  readonly #errors: number;
  readonly #losses: number;
  readonly #features: number;
  readonly #size: number;

  constructor(network: Network, task: Task, hidden: number, evaluation: Evaluation, updater: WeightUpdater) {
    const { inChannels, outChannels, layers, pace } = network;
    this.#network = network;
    this.#task = task;
    this.#result = {
      targets: 0,
      frames: 0,
      outputs: 0,
      emitted: 0,
      errors: 0,
      losses: 0,
      trained: 0,
      updates: 0,
      stride: pace.stride,
    };
    this.#hidden = hidden;
    this.#evaluation = evaluation;
    this.#updater = updater;
    let size = wordsPerRun;
    const part = (numbers: number) => {
      const from = size;
      // the loops read four numbers at a time
      size += 4 * Math.ceil(numbers / 4 + 1);
      return from;
    };
    this.#framesAt = part(maxRunFrames * inChannels);
    this.#targetsAt = part(maxRunFrames * outChannels);
    this.#outputs = part((1 + maxRunFrames) * outChannels);
    this.#errors = part(maxRunFrames * outChannels);
    this.#losses = part(2 * maxRunFrames);
    this.#features = hidden < 0 ? 0 : part(maxRunFrames * layers[hidden].outChannels);
    this.#size = size;
  }

  /** Trains on up to `count` frames of `source`. `taken` is 0 if the next frame must be processed alone. */
  train(stream: NetworkStream, source: FrameRun, count: number, collected: OutputCollector): void {
    this.taken = this.done = 0;
    this.owed = false;
    const evaluation = this.#evaluation;
    const updater = this.#updater;
    const maxUpdates = updater.updatesInRun;
    if (count <= 0 || maxUpdates === 0 || !evaluation.acceptsRun) return;
    const run = stream.beginRun(this.#size);
    if (run < 0) return;
    updater.beginRun(run, stream);
    const { f32, i32 } = this.#network.engine.arena;
    const frames = Math.min(count, maxRunFrames);
    this.frames = run + this.#framesAt;
    this.targets = run + this.#targetsAt;
    this.#copy(source, frames, f32);
    i32[run + runWords.lead] = this.#task.lead;
    i32[run + runWords.frames] = this.frames;
    i32[run + runWords.targets] = this.targets;
    i32[run + runWords.count] = frames;
    i32[run + runWords.outputs] = run + this.#outputs;
    i32[run + runWords.waiting] = evaluation.copyWaiting(f32, run + this.#outputs);
    i32[run + runWords.errors] = run + this.#errors;
    i32[run + runWords.losses] = run + this.#losses;
    i32[run + runWords.hidden] = this.#hidden;
    i32[run + runWords.features] = run + this.#features;
    i32[run + runWords.maxUpdates] = maxUpdates;
    for (let word: number = runWords.taken; word <= runWords.owed; word++) i32[run + word] = 0;
    stream.train(run);
    this.#end(run, collected);
  }

  /** Copies frames and targets to a run. */
  #copy({ input, at, targets, targetsAt }: FrameRun, count: number, f32: Float32Array): void {
    const { inputChannels, targetChannels, channels, external } = this.#task;
    copyChannels(input, at, channels, inputChannels, count, f32, this.frames);
    const to = this.targets;
    if (external) copyNumbers(targets, targetsAt, count * this.#network.outChannels, f32, to);
    else copyChannels(targets, targetsAt, channels, targetChannels, count, f32, to);
  }

  #end(run: number, collected: OutputCollector): void {
    const { f32, f64, i32 } = this.#network.engine.arena;
    const [emitted, trained] = [i32[run + runWords.emitted], i32[run + runWords.trained]];
    this.taken = i32[run + runWords.taken];
    this.done = i32[run + runWords.done];
    this.owed = i32[run + runWords.owed] === 1;
    const outputs = run + this.#outputs;
    collected.appendRows(
      f32,
      outputs + this.#network.outChannels,
      emitted,
      run + this.#features,
      i32[run + runWords.kept],
    );
    const { updates } = this.#updater;
    this.#updater.endRun(run, trained, this.owed ? trained - 1 : trained);
    const result = this.#result;
    result.targets = this.targets;
    result.frames = this.taken;
    result.outputs = outputs;
    result.emitted = emitted;
    result.errors = run + this.#errors;
    result.losses = (run + this.#losses) / 2;
    result.trained = trained;
    result.updates = updates;
    this.#evaluation.addRun(f32, f64, result);
  }
}

/**
 * Whether the kernel `train` can train with these options: with the squared loss, plain updates, and an update as soon as the frame of
 * an output or the next one arrives.
 */
export function trainsInRuns(network: Network, task: Task, options: LearnerOptions, optimizer: Optimizer): boolean {
  const { loss = 'squared', clip = Infinity, mode = 'stream', updateEvery = 1 } = options;
  const { alignedFrame, framesFor, outputsAfter, settlingFrames, stride } = network.pace;
  const settled = outputsAfter(settlingFrames) + 1;
  const isAligned = network.maxOutputsPerFrame === 1 && framesFor(settled + 1) - 1 === alignedFrame(settled);
  const isSquared = (typeof loss === 'string' ? loss : loss.type) === 'squared';
  const isPlain = isSquared && clip === Infinity && mode === 'stream' && updateEvery <= stride;
  return isAligned && isPlain && task.lead <= 1 && optimizer.descends === true;
}

/** Copies the selected channels of `count` frames, which have `channels` channels each. */
function copyChannels(
  source: Float32Array,
  at: number,
  channels: number,
  selected: readonly number[],
  count: number,
  f32: Float32Array,
  to: number,
): void {
  const { length } = selected;
  if (length === channels) copyNumbers(source, at, count * channels, f32, to);
  else
    for (let i = 0; i < count; i++)
      for (let c = 0; c < length; c++) f32[to + i * length + c] = source[at + i * channels + selected[c]];
}
