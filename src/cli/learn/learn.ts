import { Command, Option } from '@commander-js/extra-typings';
import { UsageError } from '../failure.ts';
import {
  collect,
  deprecate,
  gapsOption,
  integerFrom,
  list,
  nonNegativeNumber,
  positiveNumber,
  standardizeOption,
} from '../options.ts';
import { defaultPowerLine, powerLineOption } from '../power-line.ts';
import { csvHelp, recordingFormats } from '../read-recording.ts';
import { withReadingOptions } from '../reading-options.ts';
import { lossNames, lossValue, optimizerNames, optimizerValue } from './learn-options.ts';
import { type LearnOptions, train } from './train.ts';

/** `tapline learn`: trains a network on recordings in one pass. */
export function learnCommand(): Command<[string[]], LearnOptions> {
  const updates = integerFrom(1, 1e9);
  const command = new Command('learn')
    .summary('Train a network on recordings in one pass')
    .description(
      'Train a network on one or more recordings, in the given order and in one pass. Write the weights with the lowest error on later frames, and print a report. Each prediction is scored before its target is used for training, so the reported errors are those of a live stream. All recordings must have the same channels. No window spans two recordings.',
    )
    .argument('<input...>', `Recordings: ${recordingFormats}`)
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
    .option('--horizon <frames>', 'Forecast horizon in frames', integerFrom(1, 1e6), 1)
    .addOption(
      new Option('--loss <loss>', `Loss: ${lossNames}. Append a parameter with a colon: huber:0.5, quantile:0.9`)
        .argParser(lossValue)
        .default(lossValue('squared'), 'squared'),
    )
    .option(
      '--optimizer <name>',
      `Optimizer: ${optimizerNames}. Append a momentum or a forgetting factor with a colon: momentum:0.8, rls:0.999 (default: rls if the last layer is linear or a convolution with up to 256 weights per output, the loss is squared, and the weights are updated every frame; otherwise nlms with --task cancel, or autoStep)`,
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
      'Learning-rate warm-up: increase the learning rate from near 0 to its full value over this many updates (default: off)',
      updates,
    )
    .option(
      '--decay <updates>',
      'Learning-rate decay: the learning rate is halved after this many updates and reaches a third after twice as many (default: off)',
      updates,
    )
    .option('--clip <norm>', 'Maximum gradient norm per output (default: no limit)', positiveNumber())
    .option(
      '--average <updates>',
      'Average the weights over this many updates before they are scored and written (default: off)',
      updates,
    )
    .option('--target <list>', 'Columns to predict (--task target)', list)
    .option(
      '--noise-reference <list>',
      'Reference columns of the noise to cancel from the other columns (--task cancel)',
      list,
    )
    .addOption(powerLineOption('Frequency of the power-line baseline'))
    .addOption(gapsOption('hold'))
    .option(...standardizeOption)
    .option(
      '--validate <file>',
      'Score the written weights, without training, on another recording (repeatable)',
      collect,
    )
    .option('--report <file>', 'HTML file for a report with the learning curve and the kernels');
  withReadingOptions(command)
    .addHelpText(
      'after',
      `${csvHelp}\nExample:\n  tapline learn recording.csv -o weights.safetensors --report learned.html`,
    )
    .action((inputs, { powerLine = defaultPowerLine(), ...options }) => {
      const isGiven = (name: 'taps' | 'horizon') => command.getOptionValueSource(name) === 'cli';
      if (options.network !== undefined && isGiven('taps'))
        throw new UsageError('--taps and --network must not both be given');
      if (options.task !== 'forecast' && isGiven('horizon'))
        throw new UsageError(`--horizon must not be given with --task ${options.task}`);
      return train(inputs, { ...options, powerLine });
    });
  deprecate(command, '--step <mu>', '--learning-rate');
  deprecate(command, '--mains <hz>', '--power-line');
  deprecate(command, '--reference <list>', '--noise-reference');
  return command;
}
