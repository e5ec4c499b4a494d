import writeFileAtomic from 'write-file-atomic';
import { Command, Option } from '@commander-js/extra-typings';
import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import { asUsage, UsageError } from '../failure.ts';
import { deprecate, integerFrom, list, nonNegativeNumber, positiveNumber, standardizeOption } from '../options.ts';
import { checkOutputs, outputError } from '../output-file.ts';
import { defaultPowerLine, type PowerLine, powerLineOption } from '../power-line.ts';
import { progress } from '../progress.ts';
import { csvHelp, readRecordingOf, recordingFormats } from '../read-recording.ts';
import { type ReadingValues, readOptionsOf, withReadingOptions } from '../reading-options.ts';
import { learningPage } from '../report/learning-page.ts';
import { learnSpec, lossNames, lossValue, optimizerNames, optimizerValue, type Settings } from './learn-options.ts';
import { learningPipeline } from './learning-pipeline.ts';
import { labelNote, learningAdvice, learningReport } from './learning-report.ts';
import { learningRun } from './learning-run.ts';
import { networkFor, oneLayer, rolesOf, taskChannels } from './task-channels.ts';

type LearnOptions = ReadingValues &
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
  };

/** `tapline learn`: trains a network on a recording in one pass. */
export function learnCommand(): Command<[string], LearnOptions> {
  const updates = integerFrom(1, 1e9);
  const command = new Command('learn')
    .summary('Train a network on a recording in one pass')
    .description(
      'Train a network on a recording in one pass, write the weights, and print a report. Each frame is predicted before it is used for training, so the reported errors are those of a live stream.',
    )
    .argument('<input>', `Recording: ${recordingFormats}`)
    .requiredOption('-o, --output <file>', 'Weights file to write, .safetensors (required)')
    .option('--torch', 'Write PyTorch names and tap order, for load_state_dict (tapline apply does not read these)')
    .addOption(
      new Option(
        '--task <task>',
        'Task: forecast the next frames, predict --target, reconstruct the input, or cancel --noise-reference',
      )
        .choices(['forecast', 'target', 'reconstruct', 'cancel'] as const)
        .default('forecast' as const),
    )
    .option(
      '--network <file>',
      'Network to train: .json, or .safetensors to continue training (default: one convolution)',
    )
    .option('--taps <count>', 'Taps of the default convolution', integerFrom(1, 65536), 16)
    .option('--horizon <frames>', 'How far ahead to forecast, in frames', integerFrom(1, 1e6), 1)
    .addOption(
      new Option('--loss <loss>', `Loss: ${lossNames}. Append a parameter with a colon: huber:0.5, quantile:0.9`)
        .argParser(lossValue)
        .default(lossValue('squared'), 'squared'),
    )
    .option(
      '--optimizer <name>',
      `Optimizer: ${optimizerNames}. Append a momentum or a forgetting factor with a colon: momentum:0.8, rls:0.999 (default: rls for a linear network of up to 256 weights per output; otherwise autoStep, or nlms with --task cancel)`,
      optimizerValue,
    )
    .option(
      '--learning-rate <mu>',
      'Learning rate; required with --optimizer, except for rls and autoStep',
      positiveNumber(),
    )
    .option(
      '--weight-decay <lambda>',
      'Weight decay of sgd, momentum, nesterov, rmsprop, adam, or adamW (default: 0)',
      nonNegativeNumber,
    )
    .option('--update-every <frames>', 'Update the weights every <frames> frames', updates, 1)
    .option(
      '--warm-up <updates>',
      'Learning-rate warm-up: increase the learning rate to its value over this many updates (default: off)',
      updates,
    )
    .option(
      '--decay <updates>',
      'Decrease the learning rate, to half of its value after this many updates (default: off)',
      updates,
    )
    .option('--clip <norm>', 'Maximum gradient norm per output (default: no limit)', positiveNumber())
    .option(
      '--average <updates>',
      'Write the average of the weights over this many updates (default: the last weights)',
      updates,
    )
    .option('--target <list>', 'Columns to predict (--task target)', list)
    .option(
      '--noise-reference <list>',
      'Reference columns of the noise to cancel from the other columns (--task cancel)',
      list,
    )
    .addOption(powerLineOption('Frequency of the power-line baseline'))
    .addOption(
      new Option(
        '--gaps <policy>',
        'How to fill gaps that are no longer than the receptive field: hold the last sample, interpolate linearly, use zeros, or do not fill them',
      )
        .choices(['hold', 'linear', 'zero', 'none'] as const)
        .default('hold' as const),
    )
    .option(...standardizeOption)
    .option('--report <file>', 'HTML file for a report with the learning curve and the kernels');
  withReadingOptions(command)
    .addHelpText(
      'after',
      `${csvHelp}\nExample:\n  tapline learn recording.csv -o weights.safetensors --report learned.html`,
    )
    .action(async (input, { powerLine = defaultPowerLine(), ...options }) => {
      const { output, torch = false, report, network: path, task, taps, gaps, standardize } = options;
      checkOutputs([output, report], path === undefined ? [input] : [input, path]);
      if (!output.endsWith('.safetensors'))
        throw new UsageError(`--output must be a .safetensors file, got '${output}'`);
      const spec = learnSpec({ ...options, powerLine });
      const line = progress();
      const recording = await readRecordingOf(input, { ...readOptionsOf(options), roles: rolesOf(options) }, line);
      const { channels } = recording;
      if (options.columns === undefined) process.stderr.write(labelNote(input, recording));
      const places = taskChannels(recording, task);
      const network = path === undefined ? oneLayer(places, taps) : await networkFor(places, channels, path);
      const before = network.weights();
      const pipeline = asUsage(() => learningPipeline(network, spec, recording, { places, gaps, standardize }), path);
      const pass = learningRun(pipeline, recording, line);
      const { learned, curve } = pass;
      const after = learned.weights();
      network.setWeights(after);
      write(output, network.save({ torch }));
      const labels = (which: readonly number[]) => which.map((place) => channels[place].label);
      const [inputs, outputs] = [labels(places.inputs), labels(places.outputs)];
      if (report !== undefined)
        write(
          report,
          learningPage({ title: input, task, rate: recording.rate, curve, inputs, outputs, before, after }),
        );
      process.stdout.write(learningReport(recording, pass, { task, gaps, output, torch, standardize }));
      process.stdout.write(learningAdvice(learned.score, { task, rate: recording.rate, standardize, network: path }));
      pipeline.close();
    });
  deprecate(command, '--step <mu>', '--learning-rate');
  deprecate(command, '--mains <hz>', '--power-line');
  deprecate(command, '--reference <list>', '--noise-reference');
  return command;
}

/** Writes a whole file, so that no half-written file is ever visible. */
function write(path: string, content: Uint8Array | string): void {
  try {
    writeFileAtomic.sync(path, content as Buffer);
  } catch (error) {
    throw outputError(path, error);
  }
}
