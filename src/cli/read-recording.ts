import { type Block, frameCount } from '../core/blocks/block.ts';
import { GapFiller, type GapFillerOptions } from '../core/blocks/gap-filler.ts';
import { Standardizer } from '../core/filters/standardizer.ts';
import { cutBlock } from '../sources/cut-block.ts';
import type { ReadOptions, Recording } from '../sources/index.ts';
import { readRecordingFile } from '../sources/node/index.ts';
import { counted } from './amounts.ts';
import { UsageError, usageOf } from './failure.ts';
import { type Progress, share } from './progress.ts';

/** The formats that recordings may have, in words. */
export const recordingFormats = 'EDF, BDF, GDF, OpenBCI text or CSV';

/** How a CSV recording is laid out, for the help of a command. */
export const csvHelp = `
CSV: one frame a line under the names of its columns, cells between commas, semicolons or tabs. A column named time,
timestamp, date or datetime tells when: 2025-03-01T12:00:00Z (a time without a zone is UTC), or seconds or ms since
1970. Rows must stand in order of time; frames that are missing are a gap. Where rows come when they come, each keeps
its own time. Cells that are not numbers count as missing; decimal commas are read between semicolons or tabs.
`;

/**
 * Reads the recording that a command was given. What was left out of it is told on stderr; one that cannot be read, or
 * holds no samples, is a fault of the input.
 */
export async function readRecordingOf(path: string, options: ReadOptions, line: Progress): Promise<Recording> {
  const onProgress = (bytes: number, of: number) => line.show(`reading ${share(bytes, of)}`);
  const recording = await readRecordingFile(path, { ...options, onProgress }).catch((error: unknown) => {
    throw usageOf(error);
  });
  line.clear();
  const { channels, marks = [], notes = [] } = recording;
  if (channels.length === 0) throw new UsageError(`${path}: holds ${counted(marks.length, 'mark')} and no samples`);
  for (const note of notes) process.stderr.write(`${path}: ${note}\n`);
  return recording;
}

/** What is done to a recording before it is used. */
export interface InputOptions {
  /** What stands in its gaps; default: nothing. */
  readonly gaps?: GapFillerOptions;
  /** Seconds over which its channels are taken less their running mean and in running spreads; default: they stay. */
  readonly standardize?: number;
}

/** A recording in blocks of at most `frames`; those that fill gaps are not `valid`. */
export function* inputBlocks(
  { channels, rate, blocks }: Recording,
  frames: number,
  { gaps = { policy: 'none' }, standardize }: InputOptions = {},
): Generator<Block> {
  const filler = new GapFiller(gaps);
  const scaler = standardize && new Standardizer({ channels: channels.length, frames: standardize * rate });
  for (const block of blocks.flatMap((each) => filler.push(each))) {
    const whole = scaler ? { ...block, data: scaler.push(block.data, block.valid) } : block;
    for (let from = 0; from < frameCount(block); from += frames) yield cutBlock(whole, block.start + from, frames);
  }
}
