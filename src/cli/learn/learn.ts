import writeFileAtomic from 'write-file-atomic';
import { Command, Option } from '@commander-js/extra-typings';
import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import { Learner } from '../../core/learning/learner.ts';
import { lossNames, lossValue, optimizerNames, optimizerValue } from './learn-options.ts';
import { networkFor, oneLayer } from './task-channels.ts';
import { labelNote } from './learning-report.ts';
import { learnPass } from './learn-pass.ts';
import { placesOf, rolesOf } from './task-channels.ts';
import { learnerSettings, type Settings } from './learn-options.ts';
import { learningAdvice } from './learning-report.ts';
import { learningPage } from '../report/learning-page.ts';
import { learningReport } from './learning-report.ts';
import { integerFrom, list, notNegativeNumber, positiveNumber } from '../option-values.ts';
import { progress } from '../progress.ts';
import { csvHelp, readRecordingOf, recordingFormats } from '../read-recording.ts';
import { checkTargets, targetFault } from '../output-file.ts';
import { asUsage, UsageError } from '../failure.ts';

type LearnOptions = Settings & {
  output: string;
  torch?: true;
  network?: string;
  taps: number;
  columns?: (string | number)[];
  rate?: number;
  target?: (string | number)[];
  reference?: (string | number)[];
  gaps: GapPolicy;
  standardize?: number;
  report?: string;
};

/** `tapline learn INPUT -o WEIGHTS.safetensors`: one pass over a recording, test then train. */
export function learnCommand(): Command<[string], LearnOptions> {
  const updates = integerFrom(1, 1e9);
  return new Command('learn')
    .summary('learn from a recording in one pass, to safetensors')
    .description(
      'Learn from a recording in one pass, each prediction made before its frame is learned; write the weights and say how it went.',
    )
    .argument('<input>', `a recording: ${recordingFormats}`)
    .requiredOption('-o, --output <file>', 'where the weights go, as .safetensors')
    .option('--torch', "write them in PyTorch's names and tap order, for load_state_dict; apply does not take these")
    .addOption(
      new Option('--task <task>', 'what is learned')
        .choices(['forecast', 'target', 'reconstruct', 'cancel'] as const)
        .default('forecast' as const),
    )
    .option('--network <file>', 'a .json spec, or .safetensors to go on from; else one convolution')
    .option('--taps <count>', 'taps of that convolution', integerFrom(1, 65536), 16)
    .option('--horizon <frames>', 'how far ahead a forecast looks', integerFrom(1, 1e6), 1)
    .addOption(
      new Option('--loss <loss>', `what is made small: ${lossNames}; huber:0.5 and quantile:0.9 set what they have`)
        .argParser(lossValue)
        .default(lossValue('squared'), 'squared'),
    )
    .option(
      '--optimizer <name>',
      `how weights move: ${optimizerNames}; momentum:0.8 and nesterov:0.8 keep so much of the last step; default: autoStep, whose step finds its own length, and nlms to cancel`,
      optimizerValue,
    )
    .option('--step <mu>', 'length of a step, for an optimizer that is named', positiveNumber())
    .option('--weight-decay <lambda>', 'how weights shrink, of sgd, rmsprop and adam', notNegativeNumber)
    .option('--update-every <frames>', 'frames between two updates', updates, 1)
    .option('--warm-up <updates>', 'updates over which the step rises to its length', updates)
    .option('--decay <updates>', 'updates after which the step has half its length', updates)
    .option('--clip <length>', 'the most that the gradient at one output may be long', positiveNumber())
    .option('--average <updates>', 'write the mean of the weights over so many updates', updates)
    .option('--columns <list>', 'columns of the recording to learn from, by name or number from 1, such as 2-9', list)
    .option('--target <list>', "columns that are the truth, for the task 'target'", list)
    .option('--reference <list>', "columns to cancel from the others, for the task 'cancel'", list)
    .option('--rate <hz>', 'frames a second, where the recording does not tell', positiveNumber('Hz'))
    .option('--mains <hz>', 'of the mains, for the rival that knows them: 50 or 60', positiveNumber('Hz'), 60)
    .addOption(
      new Option('--gaps <how>', 'what stands in short gaps, no longer than the network sees: the last samples, a line')
        .choices(['hold', 'linear', 'zero', 'none'] as const)
        .default('hold' as const),
    )
    .option('--standardize <seconds>', 'take running mean and spread away first', positiveNumber('seconds'))
    .option('--report <file>', 'where a page with the learning curve and the kernels goes, as .html')
    .addHelpText(
      'after',
      `${csvHelp}\nExample:\n  tapline learn recording.csv -o weights.safetensors --report learned.html`,
    )
    .action(async (input, options) => {
      const { output, torch = false, report, network: path, task, taps, columns, rate, gaps, standardize } = options;
      checkTargets([output, report], path === undefined ? [input] : [input, path]);
      if (!output.endsWith('.safetensors'))
        throw new UsageError(`--output must be a .safetensors file, which weights are written as, got ${output}`);
      const settings = learnerSettings(options);
      const line = progress();
      const recording = await readRecordingOf(input, { columns, roles: rolesOf(options), rate }, line);
      const { channels } = recording;
      if (columns === undefined) process.stderr.write(labelNote(input, recording));
      const places = placesOf(recording, task);
      const network = path === undefined ? oneLayer(places, taps) : await networkFor(places, channels, path);
      const before = network.weights();
      const learner = asUsage(() => new Learner(network, { ...settings, reference: places.reference }), path);
      const pass = learnPass(learner, recording, { places, gaps, standardize, line });
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
      process.stdout.write(learningReport(recording, pass, { gaps, output, torch, standardize }));
      process.stdout.write(learningAdvice(learned.score, { rate: recording.rate, standardize, network: path }));
      learner.close();
    });
}

function write(path: string, what: Uint8Array | string): void {
  try {
    writeFileAtomic.sync(path, what as Buffer);
  } catch (error) {
    throw targetFault(path, error);
  }
}
