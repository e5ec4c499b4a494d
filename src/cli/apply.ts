import { Command } from '@commander-js/extra-typings';
import FFT from 'fft.js';
import { frameCount, timeOf, type Block } from '../core/blocks/block.ts';
import { BlockCutter } from '../core/blocks/block-cutter.ts';
import { Convolver } from '../core/network/convolver.ts';
import type { Network } from '../core/network/network.ts';
import { csvWriter } from '../formats/index.ts';
import type { Recording } from '../sources/index.ts';
import { counted } from './amounts.ts';
import { inputBlocks } from './read-recording.ts';
import { readNetwork } from './network-file.ts';
import { list, positiveNumber } from './option-values.ts';
import { outputFile } from './output-file.ts';
import { progress, share } from './progress.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { checkTargets } from './output-file.ts';
import { UsageError } from './failure.ts';

/** Frames that go through the network at once. */
const blockFrames = 4096;
const fftFrames = 32768;

type ApplyOptions = {
  output: string;
  columns?: (string | number)[];
  rate?: number;
  labels?: (string | number)[];
  standardize?: number;
  fft?: true;
};

/** `tapline apply NETWORK INPUT -o OUT.csv`: a recording through a network. */
export function applyCommand(): Command<[string, string], ApplyOptions> {
  return new Command('apply')
    .summary('a recording through a network, to CSV')
    .description(
      'Stream a recording through a network and write what comes out as CSV: time and a column a feature map.',
    )
    .argument('<network>', 'a .json spec or a .safetensors file')
    .argument('<input>', `a recording: ${recordingFormats}`)
    .option('-o, --output <file>', "where to; '-' is standard output", '-')
    .option('--columns <list>', 'columns of the recording to take, by name or number from 1, such as 2-9', list)
    .option('--rate <hz>', 'frames a second, where the recording does not tell', positiveNumber('Hz'))
    .option('--standardize <seconds>', 'take running mean and spread away first', positiveNumber('seconds'))
    .option('--labels <list>', 'names of the columns written', list)
    .option('--fft', 'long kernels by FFT where it pays: faster, and equal to about 1e-6 of the largest output')
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline apply network.safetensors recording.csv -o out.csv`)
    .action(async (networkPath, inputPath, { output, columns, rate, standardize, labels, fft }) => {
      const network = await readNetwork(networkPath);
      checkTargets([output === '-' ? undefined : output], [networkPath, inputPath]);
      const line = progress();
      const recording = await readRecordingOf(inputPath, { columns, rate }, line);
      if (recording.channels.length !== network.inChannels)
        throw new UsageError(
          `${networkPath} takes ${counted(network.inChannels, 'channel')} and ${inputPath} has ${recording.channels.length}` +
            ' (choose with --columns)',
        );
      const writer = csvWriter(columnLabels(network, recording, labels));
      const file = outputFile(output);
      file.write(writer.header());
      let written = 0;
      for (const [block, done] of applied(network, inputBlocks(recording, blockFrames, { standardize }), fft)) {
        file.write(writer.rows(block));
        written += frameCount(block);
        line.show(`applying ${share(done, recording.frames)}`);
      }
      file.close();
      line.clear();
      if (networkPath.endsWith('.json') && Object.keys(network.weights()).length > 0)
        process.stderr.write(`${networkPath} has no weights: random ones were taken, of seed 1\n`);
      if (output !== '-')
        process.stderr.write(
          `${counted(written, 'frame')} of ${counted(network.outChannels, 'feature map')} to ${output}\n`,
        );
    });
}

/** What comes of blocks, the tail included, and how many input frames it took. */
function* applied(network: Network, blocks: Iterable<Block>, byFft = false): Generator<[Block, number]> {
  const convolver = Convolver.of(network, byFft ? { fft: (size) => new FFT(size) } : {})();
  let done = 0;
  for (const piece of byFft ? joined(blocks) : blocks) {
    const out = convolver.push(piece);
    done += frameCount(piece);
    if (out) yield [out, done];
  }
  const tail = convolver.flush();
  if (tail) yield [tail, done];
}

/** The same frames in blocks that are worth an FFT, as far as they follow each other in time. */
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

/** The names given; else the recording's, where every channel has its own map; else map 1, map 2, … */
function columnLabels({ outChannels }: Network, { channels }: Recording, given?: (string | number)[]): string[] {
  if (given && given.length !== outChannels)
    throw new UsageError(`--labels must be ${counted(outChannels, 'name')}, one a feature map, got ${given.length}`);
  if (given) return given.map(String);
  if (channels.length === outChannels) return channels.map(({ label }) => label);
  return Array.from({ length: outChannels }, (_, i) => `map ${i + 1}`);
}
