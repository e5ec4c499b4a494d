import { basename } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import { defaultForgetting } from '../../core/learning/optimizers/least-squares-layer.ts';
import { defaultOptimizer } from '../../core/learning/learner-options.ts';
import { rls } from '../../core/learning/optimizers/rls.ts';
import type { Network } from '../../core/network/network.ts';
import { plan } from '../../core/network/plan.ts';
import type { Recording } from '../../formats/index.ts';
import { asUsage, UsageError } from '../failure.ts';
import { learnedTaskMetadata } from '../learned-task.ts';
import { checkOutputs, outputError, realPath } from '../output-file.ts';
import type { PowerLine } from '../power-line.ts';
import { type Progress, progress } from '../progress.ts';
import { type ReadingValues, readOptionsOf } from '../reading-options.ts';
import { learningPage } from '../report/learning-page.ts';
import { applyCommandLine } from './apply-command-line.ts';
import { conclusion, type Outcome } from './conclusion.ts';
import { type LearnSpec, learnSpec, type Settings } from './learn-options.ts';
import { learningPipeline } from './learning-pipeline.ts';
import { labelNote, learningReport, passNotes, undefinedNote } from './learning-report.ts';
import { learningRun } from './learning-run.ts';
import { oldestShare, variancesOf } from './oldest-taps.ts';
import { type NamedRecording, readRecordings } from './recordings.ts';
import { recordingRows, recordingTable } from './score-tables.ts';
import { networkFor, oneLayer, rolesOf, taskChannels, type TaskChannels } from './task-channels.ts';
import { savedScores } from './saved-scores.ts';
import { validate } from './validation.ts';

/** Options of `tapline learn`. */
export type LearnOptions = ReadingValues &
  Omit<Settings, 'powerLine'> & {
    output: string;
    torch?: true;
    network?: string;
    taps: number;
    target?: (string | number)[];
    noiseReference?: (string | number)[];
    powerLine?: PowerLine;
    gaps: GapPolicy;
    standardize?: number;
    report?: string;
    validate?: string[];
  };

/** Trains a network on recordings in turn, validates it on others, writes the weights, and prints the report. */
export async function train(
  inputs: readonly string[],
  options: LearnOptions & { readonly powerLine: PowerLine },
): Promise<void> {
  const { output, torch = false, report, network: path, task, taps, gaps, standardize, powerLine } = options;
  const { validate: validationPaths = [] } = options;
  checkOutputs([output, report], [...inputs, ...validationPaths, ...(path === undefined ? [] : [path])]);
  if (!output.endsWith('.safetensors')) throw new UsageError(`--output must be a .safetensors file, got '${output}'`);
  const used = new Set(inputs.map(realPath));
  const trainedOn = validationPaths.find((each) => used.has(realPath(each)));
  if (trainedOn !== undefined)
    throw new UsageError(`--validate must be a recording that is not used for training, got '${trainedOn}'`);
  const spec = learnSpec(options);
  const line = progress();
  const all = await readAll([...inputs, ...validationPaths], options, line);
  const [given, others] = [all.slice(0, inputs.length), all.slice(inputs.length)];
  const recordings = given.map(({ recording }) => recording);
  const [first] = recordings;
  const places = taskChannels(first, task);
  const network = path === undefined ? oneLayer(places, taps) : await networkFor(places, first.channels, path);
  const before = network.weights();
  const input = { places, gaps, standardize };
  const pipeline = asUsage(() => learningPipeline(network, spec, first, input), path);
  const scored = { network, outputs: places.outputs, lead: task === 'forecast' ? options.horizon : 0, powerLine };
  const pass = learningRun(pipeline, recordings, scored, line);
  if (pass.learned.updates === 0) throw new UsageError(nothingLearned(output, network, recordings, scored.lead));
  const after = pass.learned.weights();
  network.setWeights(after);
  const validations = others.map((other) => validate(other, scored, spec, input, line));
  const starts = given.map((each, i) => ({ recording: basename(each.path), start: pass.starts[i] }));
  const described = {
    ...{ task, rate: first.rate, standardize },
    ...(task === 'forecast' && { horizon: options.horizon }),
    inputs: places.inputs.map((place) => first.channels[place]),
    outputs: places.outputs.map((place) => first.channels[place]),
  };
  const metadata = {
    ...(!torch && learnedTaskMetadata(described)),
    ...savedScores(pass.learned, validations, starts, torch),
  };
  write(output, network.save({ torch, metadata }));
  const facts = {
    ...factsOf(network, spec, recordings, places, standardize),
    ...{ task, horizon: options.horizon, rate: first.rate, standardize, network: path, taps },
  };
  const closing = conclusion({
    ...facts,
    score: pass.learned.score,
    served: pass.learned.served,
    rollbacks: pass.learned.rollbacks,
    validations,
  });
  const { channels } = first;
  const labels = (which: readonly number[]) => which.map((place) => channels[place].label);
  const [read, predicted] = [labels(places.inputs), labels(places.outputs)];
  const byRecording = given.map((each, i) => ({ path: each.path, score: pass.scores[i] }));
  const commands = torch ? [] : others.map((other) => applyCommandLine(other, { output, places, gaps, standardize }));
  const total = totalOf(recordings);
  const about = { task, gaps, output, torch, standardize, starts };
  if (report !== undefined) {
    const tables = [
      ...(given.length > 1 ? [recordingRows('while learning', task, byRecording)] : []),
      ...(validations.length > 0 ? [recordingRows('validation', task, validations)] : []),
    ];
    const page = learningPage({
      ...{ title: titleOf(inputs), task, rate: first.rate, curve: pass.curve, score: pass.learned.score },
      ...{ inputs: read, outputs: predicted, before, after, conclusion: closing },
      ...{ notes: passNotes(total, pass, about), undefinedNote: undefinedNote(pass.learned.score), tables, commands },
    });
    write(report, page);
  }
  const sections = [
    learningReport(total, pass, about),
    given.length > 1 ? recordingTable('while learning', task, byRecording) : '',
    recordingTable('validation', task, validations),
    commands.map((command) => `To write the predictions: ${command}\n`).join(''),
    closing,
  ];
  process.stdout.write(sections.filter((section) => section !== '').join('\n'));
  pipeline.close();
}

/** Reads all recordings, and prints a note for each that has columns like labels. */
async function readAll(paths: readonly string[], options: LearnOptions, line: Progress): Promise<NamedRecording[]> {
  const all = await readRecordings(paths, { ...readOptionsOf(options), roles: rolesOf(options) }, line);
  if (options.columns === undefined)
    for (const { path, recording } of all) process.stderr.write(labelNote(path, recording));
  return all;
}

/** Why no frame could be used for training, so that the file is not written. */
function nothingLearned(output: string, network: Network, recordings: readonly Recording[], lead: number): string {
  const needed = plan(network.spec).receptiveField + lead;
  const longest = Math.max(...recordings.map(({ frames }) => frames));
  const reason =
    longest < needed
      ? `a prediction and its target span ${needed} frames (receptive field and horizon), and the longest recording has ${longest}. Use fewer taps (--taps)${lead > 1 ? ' or a shorter horizon (--horizon)' : ''}, or a longer recording.`
      : 'every window includes the start, a gap, or a missing sample, or has no target. Use fewer taps (--taps), or exclude channels with few samples with --columns.';
  return `${output} was not written, because no frame could be used for training: ${reason}`;
}

/** What the conclusion needs to know of the trained network. */
function factsOf(
  network: Network,
  spec: LearnSpec,
  recordings: readonly Recording[],
  { inputs }: TaskChannels,
  standardize: number | undefined,
): Pick<Outcome, 'weights' | 'oldestShare' | 'linear' | 'forgetting'> {
  const { optimizer, ...options } = spec;
  const count = network.parameters.reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);
  const weights = Math.ceil(count / network.outChannels);
  const isRls = optimizer
    ? optimizer.type === 'rls'
    : defaultOptimizer(options, network).constructor === rls().constructor;
  const own = optimizer?.type === 'rls' ? optimizer.forgetting : undefined;
  const variances =
    standardize === undefined ? variancesOf(recordings, inputs) : new Float64Array(inputs.length).fill(1);
  return {
    weights,
    oldestShare: oldestShare(network, variances),
    linear: network.spec.layers.every(({ type }) => type === 'conv1d' || type === 'linear'),
    forgetting: isRls ? (own ?? defaultForgetting(weights, spec.task === 'forecast' ? spec.horizon : 1)) : undefined,
  };
}

function totalOf(recordings: readonly Recording[]): { frames: number } {
  return { frames: recordings.reduce((sum, { frames }) => sum + frames, 0) };
}

function titleOf([first, ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${basename(first)} and ${others.length} more`;
}

/** Writes a whole file, so that no half-written file is ever visible. */
function write(path: string, content: Uint8Array | string): void {
  try {
    writeFileAtomic.sync(path, content as Buffer);
  } catch (error) {
    throw outputError(path, error);
  }
}
