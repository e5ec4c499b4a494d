import writeFileAtomic from 'write-file-atomic';
import { Command, Option } from '@commander-js/extra-typings';
import { frameCount, type Block } from '../core/block.ts';
import { Learner } from '../core/learner.ts';
import type { Learned } from '../core/learned.ts';
import type { LearnerOptions } from '../core/learner-options.ts';
import type { LossName } from '../core/loss.ts';
import { Network } from '../core/network.ts';
import { optimizerOf, type OptimizerSpec } from '../core/optimizer.ts';
import { Standardizer } from '../core/standardizer.ts';
import { cutBlock } from '../sources/cut-block.ts';
import { readRecordingOf } from './read-recording.ts';
import type { Recording } from '../sources/index.ts';
import { learningPage, type CurvePoint } from './learning-page.ts';
import { learningReport } from './learning-report.ts';
import { pickedFrom, placesOf, rolesOf, type Places } from './learn-places.ts';
import { readNetwork } from './network-file.ts';
import { integerFrom, list, positiveNumber } from './option-values.ts';
import { progress, share } from './progress.ts';
import { checkTargets, targetFault } from './target-file.ts';
import { asUsage, UsageError } from './usage-error.ts';

/** Frames that are learned at once. */
const blockFrames = 256;
/** Dots of the learning curve, at most. */
const dots = 600;

type LearnOptions = {
  output: string;
  task: NonNullable<LearnerOptions['task']>;
  network?: string;
  taps: number;
  horizon: number;
  loss: LossName;
  optimizer: OptimizerSpec['type'] | 'default';
  step?: number;
  updateEvery: number;
  columns?: (string | number)[];
  rate?: number;
  target?: (string | number)[];
  reference?: (string | number)[];
  standardize?: number;
  report?: string;
};

/** `tapline learn INPUT -o WEIGHTS.safetensors`: one pass over a recording, test then train. */
export function learnCommand(): Command<[string], LearnOptions> {
  return new Command('learn')
    .summary('learn from a recording in one pass, to safetensors')
    .description(
      'Learn from a recording in one pass, each prediction made before its frame is learned; write the weights and say how it went.',
    )
    .argument('<input>', 'a recording: CSV, OpenBCI text, EDF, BDF or GDF')
    .requiredOption('-o, --output <file>', 'where the weights go, as .safetensors')
    .addOption(
      new Option('--task <task>', 'what is learned')
        .choices(['forecast', 'target', 'reconstruct', 'cancel'] as const)
        .default('forecast' as const),
    )
    .option('--network <file>', 'a .json spec, or .safetensors to go on from; else one convolution')
    .option('--taps <count>', 'taps of that convolution', integerFrom(1, 65536), 16)
    .option('--horizon <frames>', 'how far ahead a forecast looks', integerFrom(1, 1e6), 1)
    .addOption(
      new Option('--loss <loss>', 'what is made small')
        .choices(['squared', 'absolute', 'huber', 'quantile', 'softmax', 'sigmoid'] as const)
        .default('squared' as const),
    )
    .addOption(
      new Option('--optimizer <name>', 'how weights move; default: a step that finds its own length')
        .choices(['default', 'autoStep', 'sgd', 'nlms', 'rmsprop', 'adam', 'adamW'] as const)
        .default('default' as const),
    )
    .option('--step <mu>', 'length of a step, for an optimizer that is named', positiveNumber('1'))
    .option('--update-every <frames>', 'frames between two updates', integerFrom(1, 1e9), 1)
    .option('--columns <list>', 'columns of the recording to learn from, by name or number from 1', list)
    .option('--target <list>', "columns that are the truth, for the task 'target'", list)
    .option('--reference <list>', "columns to cancel from the others, for the task 'cancel'", list)
    .option('--rate <hz>', 'frames a second, where the recording does not tell', positiveNumber('Hz'))
    .option('--standardize <seconds>', 'take running mean and spread away first', positiveNumber('seconds'))
    .option('--report <file>', 'where a page with the learning curve and the kernels goes, as .html')
    .addHelpText('after', '\nExample:\n  tapline learn recording.csv -o weights.safetensors --report learned.html')
    .action(async (input, options) => {
      const { output, report, network: path } = options;
      checkTargets([output, report], path === undefined ? [input] : [input, path]);
      const line = progress();
      const { columns, rate } = options;
      const recording = await readRecordingOf(input, { columns, roles: rolesOf(options), rate }, line);
      const places = placesOf(recording, options.task);
      const network = path === undefined ? oneLayer(places, options) : await readNetwork(path);
      const learner = asUsage(() => new Learner(network, { ...learnerOptions(places, options) }), path ?? input);
      const before = network.weights();
      const curve: CurvePoint[] = [];
      let learned: Learned | undefined;
      const every = Math.max(1, Math.floor(recording.frames / dots));
      const began = performance.now();
      let done = 0;
      for (const block of prepared(recording, options)) {
        if (options.task === 'target') learner.teach(pickedFrom(block, places.target));
        learned = learner.push(pickedFrom(block, places.input));
        const { score } = learned;
        done += frameCount(block);
        if (done >= (curve.length + 1) * every) curve.push({ frame: block.start + frameCount(block), score });
        line.show(`learning ${share(done, recording.frames)}, skill ${score.skill.toFixed(2)}`);
      }
      const seconds = (performance.now() - began) / 1000;
      line.clear();
      if (!learned) throw new UsageError(`${input}: holds no frames to learn from`);
      const served = Network.create(network.spec, { weights: learned.weights() });
      write(output, served.save());
      const { frames } = recording;
      const outputs = places.outputs.map((place) => recording.channels[place].label);
      const inputs = places.inputs.map((place) => recording.channels[place].label);
      if (report !== undefined)
        write(
          report,
          learningPage({
            title: input,
            task: options.task,
            rate: recording.rate,
            curve,
            inputs,
            outputs,
            before,
            after: learned.weights(),
          }),
        );
      process.stdout.write(learningReport(learned, { frames, seconds, output }));
      learner.close();
    });
}

function oneLayer({ inputs, outputs }: Places, { taps }: LearnOptions): Network {
  const layers = [{ type: 'conv1d' as const, outChannels: outputs.length, kernelSize: taps }];
  return asUsage(() => Network.create({ inChannels: inputs.length, layers }, { silent: true }), '--taps');
}

function learnerOptions({ reference }: Places, options: LearnOptions): LearnerOptions {
  const { task, horizon, loss, updateEvery, optimizer, step } = options;
  const named = optimizer !== 'default';
  if (named && optimizer !== 'autoStep' && step === undefined)
    throw new UsageError(`--step must be given for the optimizer ${optimizer}`);
  if (!named && step !== undefined) throw new UsageError('--step must come with an --optimizer that is named');
  const given = named
    ? { optimizer: optimizerOf({ type: optimizer, ...(step !== undefined && { rate: step }) } as OptimizerSpec) }
    : {};
  return { task, horizon, loss, updateEvery, reference, ...given };
}

/** The recording as it is learned: gaps kept as gaps, standardised where that is asked for, in short blocks. */
function* prepared(recording: Recording, { standardize }: LearnOptions): Generator<Block> {
  const { rate, channels } = recording;
  const scaled = standardize && new Standardizer({ channels: channels.length, frames: standardize * (rate || 1) });
  for (const block of recording.blocks) {
    const whole = scaled ? { ...block, data: scaled.push(block.data, block.valid) } : block;
    for (let from = 0; from < frameCount(block); from += blockFrames)
      yield cutBlock(whole, block.start + from, blockFrames);
  }
}

function write(path: string, what: Uint8Array | string): void {
  try {
    writeFileAtomic.sync(path, what as Buffer);
  } catch (error) {
    throw targetFault(path, error);
  }
}
