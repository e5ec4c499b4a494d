import { Command } from '@commander-js/extra-typings';
import FFT from 'fft.js';
import { BlockCutter } from '../core/blocks/block-cutter.ts';
import { frameCount, timeOf, type Block } from '../core/blocks/block.ts';
import type { GapPolicy } from '../core/blocks/gap-filler.ts';
import type { Network } from '../core/network/network.ts';
import { plan } from '../core/network/plan.ts';
import { Pipeline } from '../core/pipeline/pipeline.ts';
import type { PipelineSpec } from '../core/pipeline/pipeline-spec.ts';
import { csvWriter, type Recording } from '../formats/index.ts';
import { counted, share } from './amounts.ts';
import { asUsage, UsageError } from './failure.ts';
import { inTurn } from './in-turn.ts';
import { withLearnedChannels } from './learned-channels.ts';
import { type LearnedTask, outputLabels } from './learned-task.ts';
import { networkFormats, readNetworkFile } from './network-file.ts';
import { gapsOption, list, standardizeOption } from './options.ts';
import { checkOutputs, outputFile } from './output-file.ts';
import { progress } from './progress.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { type ReadingValues, readOptionsOf, withReadingOptions } from './reading-options.ts';
import { checkStages, pieces, runPipeline } from './run-pipeline.ts';
import { StartUpMask } from './start-up-mask.ts';

/** Frames per block without FFT. */
const blockFrames = 4096;
/** Frames per block with FFT. */
const fftFrames = 32768;

type ApplyOptions = ReadingValues & {
  output: string;
  labels?: (string | number)[];
  gaps: GapPolicy;
  standardize?: number;
  fft?: true;
};

/** `tapline apply`: runs a network on a recording. */
export function applyCommand(): Command<[string, string], ApplyOptions> {
  const command = new Command('apply')
    .summary('Run a network on a recording')
    .description(
      'Run a network on a recording and write its output as CSV: the time and one column per feature map. Weights that tapline learn wrote contain the names of the channels: these are read in the order of the training, with the same standardization, and the columns are named after what they predict. Rows before the first full window are NaN.',
    )
    .argument('<network>', networkFormats)
    .argument('<input>', `Recording: ${recordingFormats}`)
    .option('-o, --output <file>', 'CSV file to write, or - for standard output', '-')
    .addOption(gapsOption('none'))
    .option(...standardizeOption)
    .option(
      '--labels <list>',
      'Names of the output columns, separated by commas (default: what they predict if the network file contains it; otherwise the channel names, or map 1, map 2, …)',
      list,
    )
    .option('--fft', 'Compute long kernels by FFT: faster, with a relative error of about 1e-6');
  return withReadingOptions(command)
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline apply network.safetensors recording.csv -o out.csv`)
    .action(async (networkPath, inputPath, { output, gaps, standardize, labels, fft, ...reading }) => {
      const { network, task } = await readNetworkFile(networkPath);
      checkOutputs([output === '-' ? undefined : output], [networkPath, inputPath]);
      const line = progress();
      const read = await readRecordingOf(inputPath, readOptionsOf(reading), line);
      const recording = task ? matched(read, task, inputPath, reading.columns !== undefined) : read;
      if (recording.channels.length !== network.inChannels)
        throw new UsageError(
          `${networkPath} has ${counted(network.inChannels, 'input channel')}, but ${inputPath} has ${counted(recording.channels.length, 'channel')}.` +
            ' Select channels with --columns.',
        );
      const writer = csvWriter(columnLabels(network, recording, task, labels));
      const pipeline = pipelineOf(network, recording, {
        ...{ gaps, fft },
        standardize: standardization(standardize, task, networkPath),
      });
      const mask = task && new StartUpMask(network.pace);
      const file = outputFile(output);
      file.write(writer.header());
      let [done, written] = [0, 0];
      const write = (block: Block | null) => {
        if (!block) return;
        file.write(writer.rows(mask?.apply(block) ?? block));
        written += frameCount(block);
      };
      const separated = [...inTurn([recording], network.pace.receptiveField)].map(({ block }) => block);
      const blocks = fft ? joined(separated) : pieces(separated, blockFrames);
      for (const { raw, features } of runPipeline(pipeline, blocks)) {
        mask?.add(raw);
        write(features);
        done += frameCount(raw);
        line.show(`Applying ${share(done, recording.frames)}`);
      }
      write(pipeline.flush());
      checkStages(pipeline);
      pipeline.close();
      file.close();
      line.clear();
      if (networkPath.endsWith('.json') && Object.keys(network.weights()).length > 0)
        process.stderr.write(`${networkPath}: The spec contains no weights. Random weights were used (seed 1).\n`);
      if (output !== '-')
        process.stderr.write(
          `Wrote ${counted(written, 'frame')} of ${counted(network.outChannels, 'feature map')} to ${output}\n`,
        );
    });
}

/** A recording with the channels that the network was trained on. Prints warnings to stderr. */
function matched(recording: Recording, task: LearnedTask, path: string, isSelected: boolean): Recording {
  const found = asUsage(() => withLearnedChannels(recording, task, isSelected), path);
  for (const warning of found.warnings) process.stderr.write(`${path}: ${warning}\n`);
  return found.recording;
}

/** The time constant of the standardization in seconds: as given, otherwise as in the training. */
function standardization(given: number | undefined, task: LearnedTask | undefined, path: string): number | undefined {
  if (task && given !== undefined && given !== task.standardize)
    process.stderr.write(
      `${path}: The network was trained ${task.standardize === undefined ? 'without --standardize' : `with --standardize ${task.standardize}`}. Its predictions are probably wrong.\n`,
    );
  return given ?? task?.standardize;
}

/** Creates the pipeline that runs a network on a recording. `standardize` is a time constant in seconds. */
function pipelineOf(
  network: Network,
  { channels, rate }: Recording,
  { gaps, standardize, fft }: Pick<ApplyOptions, 'gaps' | 'standardize' | 'fft'>,
): Pipeline {
  const spec: PipelineSpec = {
    gaps: { policy: gaps, max: plan(network.spec).receptiveField },
    standardize: standardize === undefined ? null : { tau: standardize },
    network: network.spec,
  };
  const shape = { channels: channels.length, rate };
  return Pipeline.create(spec, { network, shape, ...(fft && { fft: (size) => new FFT(size) }) });
}

/** The same frames in blocks that are long enough for an FFT. A block ends where the time jumps. */
function* joined(blocks: Iterable<Block>): Generator<Block> {
  const cutter = new BlockCutter(fftFrames);
  let before: Block | undefined;
  for (const block of blocks) {
    if (before && Math.abs(timeOf(before, block.start) - block.time) > 1e-3) yield* cutter.flush();
    yield* cutter.push(block);
    before = block;
  }
  yield* cutter.flush();
}

/** The given names, or else what the outputs predict, the channel names if each has its own feature map, or map 1, map 2, … */
function columnLabels(
  { outChannels }: Network,
  { channels }: Recording,
  task: LearnedTask | undefined,
  given: (string | number)[] | undefined,
): string[] {
  if (given && given.length !== outChannels)
    throw new UsageError(`--labels must be ${counted(outChannels, 'name')}, one per feature map, got ${given.length}`);
  if (given) return given.map(String);
  if (task?.outputs.length === outChannels) return outputLabels(task);
  if (channels.length === outChannels) return channels.map(({ label }) => label);
  return Array.from({ length: outChannels }, (_, i) => `map ${i + 1}`);
}
